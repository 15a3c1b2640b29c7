#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tests/unit/test_data.h"

// A small reader of MPEG-TS for tests, written apart from stream/ so that both
// do not share a mistake.
namespace wfdcast::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes read_clip(const std::string& name) {
  std::ifstream file(std::string(kTestData) + "/ts/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct CheckedPes {
  Bytes head;     // flags and time stamps
  Bytes payload;  // elementary stream
  std::int64_t pts = -1, dts = -1;
  bool random_access = false;
};

struct CheckedStream {
  std::uint8_t type = 0;
  std::vector<CheckedPes> pes;
  [[nodiscard]] Bytes bytes() const {
    Bytes all;
    for (const CheckedPes& packet : pes) all.insert(all.end(), packet.payload.begin(), packet.payload.end());
    return all;
  }
};

class TsChecker {
 public:
  void add(ByteView ts) {
    if (ts.size() % 188 != 0) problems.insert("not whole packets");
    for (std::size_t i = 0; i + 188 <= ts.size(); i += 188) packet(ts.subspan(i, 188));
  }

  std::map<int, CheckedStream> streams;  // by PID, from the PMT
  std::map<int, int> packets;            // by PID
  std::set<std::string> problems;
  std::vector<std::int64_t> pcrs;  // 27 MHz
  int pmt_pid = -1, pcr_pid = -1, pmt_version = -1;
  int discontinuity_flags = 0;
  // For each packet that begins a PES with random access: were PAT and PMT just before?
  int keys = 0, keys_behind_psi = 0;

 private:
  static std::int64_t timestamp(const std::uint8_t* p) {
    return std::int64_t{p[0] >> 1 & 7} << 30 | std::int64_t{p[1]} << 22 | std::int64_t{p[2] >> 1} << 15 |
           std::int64_t{p[3]} << 7 | p[4] >> 1;
  }
  void packet(ByteView p) {
    if (p[0] != 0x47) problems.insert("sync byte");
    const int pid = (p[1] & 0x1F) << 8 | p[2];
    const bool start = (p[1] & 0x40) != 0;
    const int control = p[3] >> 4 & 3;
    const int counter = p[3] & 15;
    ++packets[pid];
    if ((control & 1) != 0) {
      if (counters_.count(pid) != 0 && counter != ((counters_[pid] + 1) & 15)) {
        problems.insert("continuity counter of PID " + std::to_string(pid));
      }
      counters_[pid] = counter;
    }
    std::size_t at = 4;
    bool random_access = false;
    if ((control & 2) != 0) {
      random_access = p[4] > 0 && (p[5] & 0x40) != 0;
      if (p[4] > 0 && (p[5] & 0x80) != 0) ++discontinuity_flags;
      if (p[4] > 0 && (p[5] & 0x10) != 0) {
        const std::int64_t base = std::int64_t{p[6]} << 25 | std::int64_t{p[7]} << 17 |
                                  std::int64_t{p[8]} << 9 | std::int64_t{p[9]} << 1 | p[10] >> 7;
        pcrs.push_back(base * 300 + ((p[10] & 1) << 8 | p[11]));
        if (pid != pcr_pid) problems.insert("PCR on another PID");
      }
      at = 5u + p[4];
    }
    if ((control & 1) != 0) payload(pid, p.subspan(at), start, random_access);
    if (pid == 0)
      psi_ = 1;
    else if (pid == pmt_pid)
      psi_ = psi_ == 1 ? 2 : 0;
    else if (pid != pcr_pid)
      psi_ = 0;
  }
  void payload(int pid, ByteView bytes, bool start, bool random_access) {
    if (pid == 0) return pat(bytes);
    if (pid == pmt_pid) return pmt(bytes);
    const auto stream = streams.find(pid);
    if (stream == streams.end()) {
      problems.insert("unknown PID " + std::to_string(pid));
      return;
    }
    auto& pes = stream->second.pes;
    if (start) {
      pes.emplace_back();
      if (bytes.size() < 9 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 1) {
        problems.insert("PES start code");
        return;
      }
      const std::size_t size = 9u + bytes[8];
      pes.back().head.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      if ((bytes[7] & 0x80) != 0) pes.back().dts = pes.back().pts = timestamp(bytes.data() + 9);
      if ((bytes[7] & 0x40) != 0) pes.back().dts = timestamp(bytes.data() + 14);
      pes.back().random_access = random_access;
      if (random_access && stream->second.type == 0x1B) {
        ++keys;
        if (psi_ == 2) ++keys_behind_psi;
      }
      bytes = bytes.subspan(size);
    }
    if (pes.empty()) return;  // the middle of something
    pes.back().payload.insert(pes.back().payload.end(), bytes.begin(), bytes.end());
  }
  void pat(ByteView bytes) {
    const std::size_t at = 1u + bytes[0];
    pmt_pid = (bytes[at + 10] & 0x1F) << 8 | bytes[at + 11];
  }
  void pmt(ByteView bytes) {
    const ByteView section = bytes.subspan(1u + bytes[0]);
    if (section[0] != 2) return;
    const std::size_t size = 3u + ((section[1] & 15) << 8 | section[2]);
    pmt_version = section[5] >> 1 & 31;
    pcr_pid = (section[8] & 0x1F) << 8 | section[9];
    std::size_t at = 12u + ((section[10] & 15) << 8 | section[11]);
    while (at + 5 <= size - 4) {
      streams[(section[at + 1] & 0x1F) << 8 | section[at + 2]].type = section[at];
      at += 5u + ((section[at + 3] & 15) << 8 | section[at + 4]);
    }
  }

  std::map<int, int> counters_;
  int psi_ = 0;  // 1: PAT was last, 2: PAT and PMT were
};

}  // namespace wfdcast::test
