#include "stream/galois.h"

namespace wfdcast::stream::galois {
namespace {

std::uint8_t slow_multiply(unsigned a, unsigned b) {
  unsigned product = 0;
  for (; b != 0; b >>= 1U) {
    if ((b & 1U) != 0) product ^= a;
    a <<= 1U;
    if ((a & 0x100U) != 0) a ^= 0x11DU;
  }
  return static_cast<std::uint8_t>(product);
}

Tables make_tables() {
  Tables tables;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      tables.product[a][b] = slow_multiply(a, b);
      if (tables.product[a][b] == 1) tables.inverse[a] = static_cast<std::uint8_t>(b);
    }
  }
  return tables;
}

}  // namespace

const Tables& tables() {
  static const Tables made = make_tables();
  return made;
}

}  // namespace wfdcast::stream::galois
