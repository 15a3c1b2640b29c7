#include "security/identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <stdexcept>

namespace wfdcast::security {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

template <class T>
T need(T result) {
  if (result) return result;
  ERR_clear_error();
  throw std::runtime_error("the crypto library failed");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

template <class Encode, class Object>
std::vector<std::uint8_t> der_of(Encode encode, Object* object) {
  unsigned char* bytes = nullptr;
  const int size = encode(object, &bytes);
  need(size > 0);
  std::vector<std::uint8_t> der(bytes, bytes + size);
  OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
  return der;
}

}  // namespace

bool has_tls() { return true; }

DeviceId device_id_of(const PublicKey& key) {
  const auto digest = sha256({spki_of(key)});
  DeviceId id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  const KeyPtr pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
  const DigestContext context(EVP_MD_CTX_new());
  const bool good = pkey && context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.bytes.data(), signature.bytes.size(),
                                     message.data(), message.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

std::array<std::uint8_t, 32> sha256(std::initializer_list<ByteView> parts) {
  const DigestContext context(need(EVP_MD_CTX_new()));
  need(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  for (const ByteView part : parts) need(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  std::array<std::uint8_t, 32> digest{};
  need(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Identity::Identity(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {
  std::size_t size = public_key_.bytes.size();
  need(EVP_PKEY_get_raw_public_key(key, public_key_.bytes.data(), &size) == 1);
}

Identity Identity::generate() { return Identity(need(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))); }

std::optional<Identity> Identity::from_pem(std::string_view pem) {
  const Bio bio(need(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return std::nullopt;
  return Identity(key.release());
}

Signature Identity::sign(ByteView message) const {
  Signature signature;
  std::size_t size = signature.bytes.size();
  const DigestContext context(need(EVP_MD_CTX_new()));
  need(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  need(EVP_DigestSign(context.get(), signature.bytes.data(), &size, message.data(), message.size()) == 1);
  return signature;
}

std::string Identity::to_pem() const {
  const Bio bio(need(BIO_new(BIO_s_secmem())));
  need(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

std::vector<std::uint8_t> Identity::private_key() const { return der_of(i2d_PrivateKey, key_.get()); }

std::vector<std::uint8_t> Identity::certificate() const {
  const Certificate certificate(need(X509_new()));
  X509* const x = certificate.get();
  X509_NAME* const name = X509_get_subject_name(x);
  const auto* const common_name = reinterpret_cast<const unsigned char*>("wfdcast");
  need(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
       ASN1_TIME_set_string(X509_getm_notBefore(x), "19700101000000Z") == 1 &&
       ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") == 1 &&
       X509_set_pubkey(x, key_.get()) == 1 &&
       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
       X509_set_issuer_name(x, name) == 1 && X509_sign(x, key_.get(), nullptr) > 0);
  return der_of(i2d_X509, x);
}

}  // namespace wfdcast::security
