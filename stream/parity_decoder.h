#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "stream/packet_ring.h"
#include "stream/parity.h"

namespace wfdcast::stream {

// The sink's half of parity on request: keeps parity packets, and solves a
// window as soon as it has one for each packet that the window still misses.
// Memory is fixed.
class ParityDecoder {
 public:
  static constexpr std::size_t kWindows = 8;
  static constexpr std::size_t kMost = 32;  // parity packets kept for one window
  static constexpr std::size_t kSymbols = 96;

  ParityDecoder() : symbols_(std::make_unique_for_overwrite<Symbol[]>(kSymbols)) {
    for (std::size_t i = 0; i < kSymbols; ++i) free_[i] = static_cast<std::uint8_t>(i);
  }

  // `base` is the running number of packet.base. False: it is known already, or there is no room.
  bool keep(const ParityPacket& packet, std::uint64_t base);
  // How many parity packets are there for the window that holds this packet;
  // `base` becomes the window's first number.
  [[nodiscard]] std::size_t held_for(std::uint64_t index, std::uint64_t& base) const;

  // For each window that can be solved: calls out(index, timestamp, ts) for what it lacked.
  template <class Out>
  void solve(const PacketRing& ring, Out&& out) {
    for (Window& window : windows_) {
      if (window.held == 0) continue;
      const std::size_t missing = find_missing(window, ring);
      if (missing > window.held) continue;
      if (missing > 0 && eliminate(window, missing, ring)) {
        for (std::size_t i = 0; i < missing; ++i) {
          const Symbol& symbol = symbols_[window.symbols[i]];
          ByteReader in(symbol);
          const std::size_t size = in.u16();
          const RtpTime timestamp{in.u32()};
          if (size > 0 && size <= kMaxSymbol - kSymbolHeader) {
            out(window.base + missing_[i], timestamp, ByteView(symbol).subspan(kSymbolHeader, size));
          }
        }
      }
      release(window);
    }
  }
  // Whether a packet that comes may solve a window.
  [[nodiscard]] bool waiting() const { return free_count_ < kSymbols; }
  void clear() {
    for (Window& window : windows_) {
      release(window);
      window = {};
    }
  }

 private:
  struct Window {
    std::uint64_t base = 0;
    std::uint8_t count = 0;  // 0: unused
    std::uint8_t held = 0;
    std::array<std::uint8_t, kMost> indices{};
    std::array<std::uint8_t, kMost> symbols{};
  };
  Window& window_for(std::uint64_t base, std::uint8_t count);
  void release(Window& window);
  [[nodiscard]] std::uint8_t take_symbol();
  std::size_t find_missing(const Window& window, const PacketRing& ring);
  [[nodiscard]] bool eliminate(Window& window, std::size_t missing, const PacketRing& ring);

  std::array<Window, kWindows> windows_{};
  std::size_t next_window_ = 0;
  std::unique_ptr<Symbol[]> symbols_;
  std::array<std::uint8_t, kSymbols> free_{};
  std::size_t free_count_ = kSymbols;
  std::array<std::uint8_t, kMost + 1> missing_{};  // places in the window
};

}  // namespace wfdcast::stream
