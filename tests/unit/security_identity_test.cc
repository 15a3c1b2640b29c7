#include "security/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <memory>

#include "base/text.h"

namespace wfdcast::security {
namespace {

// RFC 8410 section 10.3.
constexpr std::string_view kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kPublic = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

TEST(Identity, ReadsWhatTheRfcShows) {
  const auto identity = Identity::from_pem(kPem);
  ASSERT_TRUE(identity);
  EXPECT_EQ(to_hex(identity->public_key().bytes), kPublic);
  EXPECT_EQ(to_hex(spki_of(identity->public_key())), "302a300506032b6570032100" + std::string(kPublic));
  const auto digest = sha256({spki_of(identity->public_key())});
  EXPECT_EQ(to_string(identity->id()), to_hex(ByteView(digest).first(16)));
  EXPECT_EQ(identity->to_pem(), kPem);
}

TEST(Identity, EachIsAnother) {
  const Identity one = Identity::generate(), two = Identity::generate();
  EXPECT_NE(one.public_key(), two.public_key());
  EXPECT_NE(one.id(), two.id());
  const auto again = Identity::from_pem(one.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), one.public_key());
}

TEST(Identity, OtherFilesAreNone) {
  EXPECT_FALSE(Identity::from_pem(""));
  EXPECT_FALSE(Identity::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  std::string cut(kPem);
  cut.resize(cut.size() / 2);
  EXPECT_FALSE(Identity::from_pem(cut));
}

TEST(Identity, SignaturesAreOverEveryBit) {
  const Identity identity = Identity::generate();
  std::vector<std::uint8_t> message = announcement_message(as_bytes("datagram"));
  EXPECT_EQ(as_text(message), std::string_view("wfdcast announcement 1\0datagram", 31));
  const Signature signature = identity.sign(message);
  EXPECT_TRUE(verify(identity.public_key(), message, signature));
  EXPECT_FALSE(verify(Identity::generate().public_key(), message, signature));
  for (std::size_t i = 0; i < signature.bytes.size(); ++i) {
    Signature wrong = signature;
    wrong.bytes[i] ^= 0x10;
    EXPECT_FALSE(verify(identity.public_key(), message, wrong)) << i;
  }
  for (std::size_t i = 0; i < message.size(); ++i) {
    message[i] ^= 1;
    EXPECT_FALSE(verify(identity.public_key(), message, signature)) << i;
    message[i] ^= 1;
  }
}

TEST(Identity, TheCertificateOutlivesEveryClock) {
  const Identity identity = Identity::generate();
  const auto der = identity.certificate();
  const unsigned char* at = der.data();
  const std::unique_ptr<X509, void (*)(X509*)> x(d2i_X509(nullptr, &at, static_cast<long>(der.size())),
                                                 X509_free);
  ASSERT_TRUE(x);
  EXPECT_EQ(X509_verify(x.get(), X509_get0_pubkey(x.get())), 1);
  std::array<std::uint8_t, 32> raw{};
  std::size_t size = raw.size();
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(X509_get0_pubkey(x.get()), raw.data(), &size), 1);
  EXPECT_EQ(raw, identity.public_key().bytes);
  std::time_t early = 1, late = 253402300798;  // 1970-01-01T00:00:01, 9999-12-31T23:59:58
  EXPECT_LT(X509_cmp_time(X509_get0_notBefore(x.get()), &early), 0);
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(x.get()), &late), 0);
}

}  // namespace
}  // namespace wfdcast::security
