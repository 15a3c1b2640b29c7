#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/endpoint.h"

namespace wfdcast::security {

// Cookies without a table: each is a keyed hash (HMAC-SHA-256, 16 bytes) of
// the address that it was sent to, so only its receiver can echo it.
class CookieJar {
 public:
  using Cookie = std::array<std::uint8_t, 16>;
  // `secret`: 32 random bytes of this start.
  explicit CookieJar(ByteView secret);
  [[nodiscard]] Cookie cookie_for(Ipv4Address address) const;
  // Compares in constant time.
  [[nodiscard]] bool matches(const Cookie& cookie, Ipv4Address address) const;

 private:
  std::array<std::uint8_t, 32> secret_{};
};

}  // namespace wfdcast::security
