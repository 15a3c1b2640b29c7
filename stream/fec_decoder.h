#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "stream/fec.h"
#include "stream/packet_ring.h"

namespace wfdcast::stream {

// The sink's half of ST 2022-1: keeps FEC packets while what they sum is not
// complete, and recovers chains: a row that gives a packet may complete a
// column that gives the next. Memory is fixed.
class FecDecoder {
 public:
  static constexpr std::size_t kMost = 80;  // two matrices of 20 columns with their rows

  FecDecoder() : sums_(std::make_unique<std::array<Kept, kMost>>()) {}

  // `base` is the running number of packet.base.
  void keep(const FecPacket& packet, std::uint64_t base);
  [[nodiscard]] bool waiting() const { return held_ > 0; }

  // Calls out(index, timestamp, ts) for each packet that can be recovered; the
  // owner puts it into the ring at once.
  template <class Out>
  void solve(const PacketRing& ring, Out&& out) {
    for (bool progress = true; progress;) {
      progress = false;
      for (Kept& kept : *sums_) {
        if (kept.count == 0) continue;
        std::uint64_t missing = 0;
        const std::size_t holes = find_holes(kept, ring, missing);
        if (holes > 1) continue;
        if (holes == 1 && subtract(kept, ring, missing)) {
          out(missing, RtpTime{kept.sum.timestamp}, ByteView(kept.sum.payload).first(kept.sum.length));
          progress = true;
        }
        release(kept);
      }
    }
  }
  void clear() {
    for (Kept& kept : *sums_) release(kept);
  }

 private:
  struct Kept {
    std::uint64_t base = 0;
    std::uint8_t offset = 1, count = 0;  // count 0: unused
    FecSum sum;
  };
  void release(Kept& kept) {
    held_ -= kept.count != 0;
    kept.count = 0;
  }
  [[nodiscard]] static std::size_t find_holes(const Kept& kept, const PacketRing& ring,
                                              std::uint64_t& missing);
  [[nodiscard]] static bool subtract(Kept& kept, const PacketRing& ring, std::uint64_t missing);

  std::unique_ptr<std::array<Kept, kMost>> sums_;
  std::size_t next_ = 0, held_ = 0;
};

}  // namespace wfdcast::stream
