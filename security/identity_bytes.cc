// What is signed and hashed, byte for byte: no cryptography in it.
#include "security/identity.h"

#include <algorithm>

namespace wfdcast::security {
namespace {

// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }
constexpr std::array<std::uint8_t, 12> kSpkiHead{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::string_view kAnnouncementContext{"wfdcast announcement 1\0", 23};

std::vector<std::uint8_t> joined(ByteView head, ByteView tail) {
  std::vector<std::uint8_t> bytes(head.size() + tail.size());
  const auto middle = std::ranges::copy(head, bytes.begin()).out;
  std::ranges::copy(tail, middle);
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> spki_of(const PublicKey& key) { return joined(kSpkiHead, key.bytes); }

std::vector<std::uint8_t> announcement_message(ByteView datagram) {
  return joined(as_bytes(kAnnouncementContext), datagram);
}

}  // namespace wfdcast::security
