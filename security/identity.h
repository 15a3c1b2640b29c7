#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wfd/ids.h"

struct evp_pkey_st;

namespace wfdcast::security {

// Whether this program was built with TLS and SRTP. Without them it knows open mode alone: nothing is signed
// and no signature is good.
[[nodiscard]] bool has_tls();
// The first 16 bytes of SHA-256 over the key's SubjectPublicKeyInfo.
[[nodiscard]] DeviceId device_id_of(const PublicKey& key);
// RFC 8410: the 44 bytes that stand in a certificate for this key.
[[nodiscard]] std::vector<std::uint8_t> spki_of(const PublicKey& key);
[[nodiscard]] bool verify(const PublicKey& key, ByteView message, const Signature& signature);
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::initializer_list<ByteView> parts);

// What an announcement's signature is over: a context string, a NUL, and the datagram before the signature.
[[nodiscard]] std::vector<std::uint8_t> announcement_message(ByteView datagram);

// This board's Ed25519 key. It signs announcements and is the key of its TLS certificate. Every function
// throws std::runtime_error when the crypto library fails (out of memory, no entropy).
class Identity {
 public:
  [[nodiscard]] static Identity generate();
  // A PKCS #8 private key in PEM; nullopt: anything else.
  [[nodiscard]] static std::optional<Identity> from_pem(std::string_view pem);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] DeviceId id() const { return device_id_of(public_key_); }
  [[nodiscard]] Signature sign(ByteView message) const;

  // Secrets: for the state file and for TLS only.
  [[nodiscard]] std::string to_pem() const;
  [[nodiscard]] std::vector<std::uint8_t> private_key() const;  // PKCS #8, DER
  // Self-signed, valid from 1970 to 9999 (boards have no clock), DER.
  [[nodiscard]] std::vector<std::uint8_t> certificate() const;

 private:
  explicit Identity(evp_pkey_st* key);

  std::shared_ptr<evp_pkey_st> key_;
  PublicKey public_key_;
};

}  // namespace wfdcast::security
