#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/endpoint.h"

namespace wfdcast::security {

// Cookies without a table: each is a keyed hash (SipHash-2-4, 128 bits) of the
// address that it was sent to, so only its receiver can echo it.
class CookieJar {
 public:
  static constexpr std::size_t kSecretSize = 16;
  using Cookie = std::array<std::uint8_t, 16>;
  // `secret`: kSecretSize random bytes of this start. Throws std::runtime_error when it is shorter.
  explicit CookieJar(ByteView secret);
  [[nodiscard]] Cookie cookie_for(Ipv4Address address) const;
  // Compares in constant time.
  [[nodiscard]] bool matches(const Cookie& cookie, Ipv4Address address) const;

 private:
  std::array<std::uint64_t, 2> key_{};
};

}  // namespace wfdcast::security
