#include "stream/parity_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "stream/galois.h"

namespace wfdcast::stream {

ParityDecoder::Window& ParityDecoder::window_for(std::uint64_t base, std::uint8_t count) {
  for (Window& window : windows_) {
    if (window.base == base && window.count == count) return window;
  }
  Window& oldest = windows_[next_window_++ % kWindows];
  release(oldest);
  oldest.base = base;
  oldest.count = count;
  return oldest;
}

void ParityDecoder::release(Window& window) {
  for (; window.held > 0; --window.held) free_[free_count_++] = window.symbols[window.held - 1U];
}

std::uint8_t ParityDecoder::take_symbol() {
  // The windows go round: the next to be replaced is the oldest.
  for (std::size_t i = 0; free_count_ == 0 && i < kWindows; ++i)
    release(windows_[(next_window_ + i) % kWindows]);
  return free_[--free_count_];
}

bool ParityDecoder::keep(const ParityPacket& packet, std::uint64_t base) {
  Window& window = window_for(base, packet.count);
  const auto end = window.indices.begin() + window.held;
  if (window.held == kMost || std::find(window.indices.begin(), end, packet.index) != end) return false;
  const std::uint8_t number = take_symbol();
  Symbol& symbol = symbols_[number];
  std::memcpy(symbol.data(), packet.symbol.data(), packet.symbol.size());
  std::fill(symbol.begin() + static_cast<std::ptrdiff_t>(packet.symbol.size()), symbol.end(),
            std::uint8_t{0});
  window.indices[window.held] = packet.index;
  window.symbols[window.held++] = number;
  return true;
}

std::size_t ParityDecoder::held_for(std::uint64_t index, std::uint64_t& base) const {
  for (const Window& window : windows_) {
    if (window.held == 0 || index < window.base || index >= window.base + window.count) continue;
    base = window.base;
    return window.held;
  }
  return 0;
}

// Stops counting where there are more than can be solved.
std::size_t ParityDecoder::find_missing(const Window& window, const PacketRing& ring) {
  std::size_t count = 0;
  for (std::uint8_t place = 0; place < window.count && count <= window.held; ++place) {
    if (!ring.find(window.base + place)) missing_[count++] = place;
  }
  return count;
}

// Gauss and Jordan, on the first `n` parity symbols: in the end each is one of
// the missing packets. A Cauchy matrix always has a solution, so a zero on the
// way means that packet and parity do not belong together.
bool ParityDecoder::eliminate(Window& window, std::size_t n, const PacketRing& ring) {
  std::array<std::array<std::uint8_t, kMost>, kMost> matrix;
  for (std::size_t row = 0; row < n; ++row) {
    Symbol& symbol = symbols_[window.symbols[row]];
    std::size_t next_missing = 0;
    for (std::uint8_t place = 0; place < window.count; ++place) {
      const std::uint8_t factor = parity_factor(window.indices[row], place);
      if (next_missing < n && missing_[next_missing] == place) {
        matrix[row][next_missing++] = factor;
      } else {
        const auto kept = ring.find(window.base + place);
        add_packet(symbol, kept->timestamp, kept->ts, factor);
      }
    }
  }
  for (std::size_t pivot = 0; pivot < n; ++pivot) {
    std::size_t row = pivot;
    while (row < n && matrix[row][pivot] == 0) ++row;
    if (row == n) return false;
    std::swap(matrix[row], matrix[pivot]);
    std::swap(window.symbols[row], window.symbols[pivot]);
    Symbol& own = symbols_[window.symbols[pivot]];
    const std::uint8_t scale = galois::inverse(matrix[pivot][pivot]);
    galois::scale(matrix[pivot].data(), n, scale);
    galois::scale(own.data(), own.size(), scale);
    for (std::size_t other = 0; other < n; ++other) {
      const std::uint8_t factor = matrix[other][pivot];
      if (other == pivot || factor == 0) continue;
      galois::add_multiple(matrix[other].data(), matrix[pivot].data(), n, factor);
      galois::add_multiple(symbols_[window.symbols[other]].data(), own.data(), own.size(), factor);
    }
  }
  return true;
}

}  // namespace wfdcast::stream
