// What is signed and hashed, byte for byte: no cryptography in it.
#include "security/identity.h"

namespace wfdcast::security {
namespace {

// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }
constexpr std::array<std::uint8_t, 12> kSpkiHead{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::string_view kAnnouncementContext{"wfdcast announcement 1\0", 23};

}  // namespace

std::vector<std::uint8_t> spki_of(const PublicKey& key) {
  std::vector<std::uint8_t> spki(kSpkiHead.begin(), kSpkiHead.end());
  spki.insert(spki.end(), key.bytes.begin(), key.bytes.end());
  return spki;
}

std::vector<std::uint8_t> announcement_message(ByteView datagram) {
  const ByteView context = as_bytes(kAnnouncementContext);
  std::vector<std::uint8_t> message(context.begin(), context.end());
  message.insert(message.end(), datagram.begin(), datagram.end());
  return message;
}

}  // namespace wfdcast::security
