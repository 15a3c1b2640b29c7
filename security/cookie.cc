#include "security/cookie.h"

#include <bit>
#include <stdexcept>

namespace wfdcast::security {
namespace {

std::uint64_t load_little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << 8 * i;
  return value;
}

// SipHash (Aumasson and Bernstein, 2012): a keyed hash made for short messages,
// for just this use. A cryptographic library would be most of our memory.
class SipState {
 public:
  explicit SipState(const std::array<std::uint64_t, 2>& key)
      : v_{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d ^ 0xee, key[0] ^ 0x6c7967656e657261,
           key[1] ^ 0x7465646279746573} {}

  void absorb(std::uint64_t block) {
    v_[3] ^= block;
    rounds(2);
    v_[0] ^= block;
  }
  [[nodiscard]] std::uint64_t finish(std::size_t word, std::uint64_t tweak) {
    v_[word] ^= tweak;
    rounds(4);
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void rounds(int count) {
    for (; count > 0; --count) {
      v_[0] += v_[1];
      v_[1] = std::rotl(v_[1], 13) ^ v_[0];
      v_[0] = std::rotl(v_[0], 32);
      v_[2] += v_[3];
      v_[3] = std::rotl(v_[3], 16) ^ v_[2];
      v_[0] += v_[3];
      v_[3] = std::rotl(v_[3], 21) ^ v_[0];
      v_[2] += v_[1];
      v_[1] = std::rotl(v_[1], 17) ^ v_[2];
      v_[2] = std::rotl(v_[2], 32);
    }
  }
  std::array<std::uint64_t, 4> v_;
};

}  // namespace

CookieJar::CookieJar(ByteView secret) {
  if (secret.size() < kSecretSize) throw std::runtime_error("no secret for discovery cookies");
  key_ = {load_little_endian(secret.first(8)), load_little_endian(secret.subspan(8, 8))};
}

CookieJar::Cookie CookieJar::cookie_for(Ipv4Address address) const {
  std::array<std::uint8_t, 4> message{};
  ByteWriter(message).u32(address.value);
  SipState state(key_);
  // The last block ends in the message's length.
  state.absorb(load_little_endian(message) | std::uint64_t{message.size()} << 56);
  Cookie cookie;
  const std::uint64_t halves[] = {state.finish(2, 0xee), state.finish(1, 0xdd)};
  for (std::size_t i = 0; i < cookie.size(); ++i)
    cookie[i] = static_cast<std::uint8_t>(halves[i / 8] >> 8 * (i % 8));
  return cookie;
}

bool CookieJar::matches(const Cookie& cookie, Ipv4Address address) const {
  const Cookie expected = cookie_for(address);
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < cookie.size(); ++i)
    difference = static_cast<std::uint8_t>(difference | (cookie[i] ^ expected[i]));
  return difference == 0;
}

}  // namespace wfdcast::security
