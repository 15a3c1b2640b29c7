#pragma once

#include <array>
#include <cstdint>

namespace wfdcast::stream {

// The field of 256 elements with the polynomial x^8+x^4+x^3+x^2+1 (0x11D):
// addition is XOR.
namespace galois {

struct Tables {
  std::array<std::array<std::uint8_t, 256>, 256> product{};
  std::array<std::uint8_t, 256> inverse{};
};
// 64 KiB, made at the first call.
[[nodiscard]] const Tables& tables();

inline std::uint8_t multiply(std::uint8_t a, std::uint8_t b) { return tables().product[a][b]; }
// Of anything but 0.
inline std::uint8_t inverse(std::uint8_t a) { return tables().inverse[a]; }

// Into `to`, all of it: factor times `from`.
inline void add_multiple(std::uint8_t* to, const std::uint8_t* from, std::size_t size, std::uint8_t factor) {
  const std::uint8_t* const row = tables().product[factor].data();
  for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::uint8_t>(to[i] ^ row[from[i]]);
}

inline void scale(std::uint8_t* values, std::size_t size, std::uint8_t factor) {
  const std::uint8_t* const row = tables().product[factor].data();
  for (std::size_t i = 0; i < size; ++i) values[i] = row[values[i]];
}

}  // namespace galois
}  // namespace wfdcast::stream
