#include "security/cookie.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace wfdcast::security {

void CookieJar::FreeMac::operator()(evp_mac_ctx_st* mac) const { EVP_MAC_CTX_free(mac); }

CookieJar::CookieJar(ByteView secret) {
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  mac_.reset(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (secret.size() < kSecretSize || !mac_ ||
      EVP_MAC_init(mac_.get(), secret.data(), secret.size(), parameters) != 1) {
    throw std::runtime_error("no key or no HMAC-SHA-256 for discovery cookies");
  }
}

CookieJar::Cookie CookieJar::cookie_for(Ipv4Address address) const {
  std::array<std::uint8_t, 4> message{};
  ByteWriter(message).u32(address.value);
  std::array<std::uint8_t, 32> digest{};
  std::size_t size = 0;
  // Without a key init starts over with the one that it has. Failure is want
  // of memory; a cookie of zeros in its place could be guessed.
  if (EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(mac_.get(), message.data(), message.size()) != 1 ||
      EVP_MAC_final(mac_.get(), digest.data(), &size, digest.size()) != 1 || size != digest.size()) {
    throw std::bad_alloc();
  }
  Cookie cookie;
  std::copy_n(digest.begin(), cookie.size(), cookie.begin());
  return cookie;
}

bool CookieJar::matches(const Cookie& cookie, Ipv4Address address) const {
  const Cookie expected = cookie_for(address);
  return CRYPTO_memcmp(cookie.data(), expected.data(), expected.size()) == 0;
}

}  // namespace wfdcast::security
