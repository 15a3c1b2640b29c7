#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/endpoint.h"

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace wfdcast::security {

// Cookies without a table: each is a keyed hash (HMAC-SHA-256, 16 bytes) of
// the address that it was sent to, so only its receiver can echo it. Not to be
// shared between threads.
class CookieJar {
 public:
  static constexpr std::size_t kSecretSize = 32;
  using Cookie = std::array<std::uint8_t, 16>;
  // `secret`: kSecretSize random bytes of this start. Throws
  // std::runtime_error when it is shorter or the library has no HMAC-SHA-256.
  explicit CookieJar(ByteView secret);
  [[nodiscard]] Cookie cookie_for(Ipv4Address address) const;
  // Compares in constant time.
  [[nodiscard]] bool matches(const Cookie& cookie, Ipv4Address address) const;

 private:
  struct FreeMac {
    void operator()(evp_mac_ctx_st* mac) const;
  };
  // Keyed once: setting up HMAC for each cookie would cost eight times as much.
  std::unique_ptr<evp_mac_ctx_st, FreeMac> mac_;
};

}  // namespace wfdcast::security
