#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "stream/ts_packet.h"

namespace wfdcast::stream {

// Cuts a byte stream into TS packets. Sync is believed when three sync bytes
// are 188 bytes apart, and lost when a packet is not followed by one.
class TsReader {
 public:
  // Any split. Calls `on_packets(const std::uint8_t* first, std::size_t count)`
  // for runs of packets; the bytes are valid during the call.
  template <class F>
  void push(ByteView bytes, F&& on_packets) {
    while (carried_ > 0) {
      const std::size_t added = refill(bytes);
      if (added == 0) return;
      ByteView joined = ByteView(carry_).first(carried_);
      if (const std::size_t count = next_run(joined)) {
        on_packets(joined.data(), count);
        joined = joined.subspan(count * kTsPacket);
      }
      bytes = bytes.subspan(unread(joined, added));
    }
    while (const std::size_t count = next_run(bytes)) {
      on_packets(bytes.data(), count);
      bytes = bytes.subspan(count * kTsPacket);
    }
    keep(bytes);
  }
  // Another stream, or the same one from another place: forgets what is half read.
  void reset();

  // How often sync was lost.
  [[nodiscard]] std::uint64_t losses() const { return losses_; }

 private:
  static constexpr std::size_t kBelief = 2 * kTsPacket + 1;
  static constexpr std::size_t kCarry = 3 * kTsPacket;

  // Skips what is not in sync; how many whole packets then stand at the front.
  [[nodiscard]] std::size_t next_run(ByteView& bytes);
  [[nodiscard]] bool find_sync(ByteView& bytes) const;
  // Copies the front of `bytes` behind what is carried; how many.
  [[nodiscard]] std::size_t refill(ByteView bytes);
  // `rest` of the carry was not used. How many of the `added` bytes were:
  // those that were not are read again in place.
  [[nodiscard]] std::size_t unread(ByteView rest, std::size_t added);
  void keep(ByteView rest);

  std::array<std::uint8_t, kCarry> carry_{};
  std::size_t carried_ = 0;
  bool locked_ = false;
  std::uint64_t losses_ = 0;
};

}  // namespace wfdcast::stream
