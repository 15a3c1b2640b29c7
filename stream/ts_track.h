#pragma once

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "stream/ts_packet.h"

namespace wfdcast::stream {

// The continuity counter of a TS packet is modulo 16.
inline constexpr std::uint32_t kContinuity = 0x0F;
inline void advance_continuity(std::uint8_t& continuity, std::size_t count) {
  continuity = static_cast<std::uint8_t>((continuity + count) & kContinuity);
}

// The header of a packet without any flag, as a number; its counter is 0.
constexpr std::uint32_t plain_header(std::uint16_t pid) {
  return kSyncByte << 24 | std::uint32_t{pid} << 8 | 0x10;
}

// How the plain packets of a PID begin, as it stands in memory, by continuity
// counter. Twice over: a run of packets needs no wrap-around.
class PlainHeaders {
 public:
  explicit PlainHeaders(std::uint16_t pid) {
    for (std::uint32_t i = 0; i < headers_.size(); ++i) {
      std::array<std::uint8_t, 4> bytes{};
      store_be32(bytes.data(), plain_header(pid) | (i & kContinuity));
      std::memcpy(&headers_[i], bytes.data(), bytes.size());
    }
  }

  // How many of `count` packets from the first on are plain and follow each
  // other, the first with that counter.
  [[nodiscard]] std::size_t run(const std::uint8_t* packets, std::size_t count, std::uint8_t counter) const {
    std::size_t found = 0;
    while (found < count && begins(packets + found * kTsPacket, headers_[counter + found])) ++found;
    return found;
  }
  // Whether as many are as an RTP packet holds.
  [[nodiscard]] bool whole_run(const std::uint8_t* packets, std::uint8_t counter) const {
    return each([&](std::size_t i) { return begins(packets + i * kTsPacket, headers_[counter + i]); });
  }
  // Writes the headers of so many packets.
  void put(std::uint8_t* packets, std::size_t count, std::uint8_t counter) const {
    for (std::size_t i = 0; i < count; ++i) put_one(packets + i * kTsPacket, headers_[counter + i]);
  }
  void put_whole(std::uint8_t* packets, std::uint8_t counter) const {
    (void)each([&](std::size_t i) { return put_one(packets + i * kTsPacket, headers_[counter + i]); });
  }

 private:
  static bool begins(const std::uint8_t* packet, std::uint32_t header) {
    return std::memcmp(packet, &header, sizeof header) == 0;
  }
  static bool put_one(std::uint8_t* packet, std::uint32_t header) {
    std::memcpy(packet, &header, sizeof header);
    return true;
  }
  // Unrolled: this is done for each RTP packet.
  template <class F>
  static bool each(F&& f) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (f(I) && ...);
    }(std::make_index_sequence<kTsPacketsPerRtp>());
  }

  std::array<std::uint32_t, 32> headers_{};
};

// An elementary stream. Most packets are plain, and of the video.
struct TsTrack {
  std::uint16_t pid = kNullPid;  // of the input
  PlainHeaders theirs{kNullPid}, ours{kNullPid};
  std::optional<std::uint8_t> expected;  // the next continuity counter of the input
  std::uint8_t next = 0;                 // and of ours
  const std::uint8_t* last = nullptr;    // our copy of the last packet
};

}  // namespace wfdcast::stream
