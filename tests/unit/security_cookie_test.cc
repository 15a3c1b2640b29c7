#include "security/cookie.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <vector>

#include "base/text.h"

namespace wfdcast::security {
namespace {

constexpr Ipv4Address kSink = Ipv4Address::from_octets(192, 168, 1, 20);

std::vector<std::uint8_t> secret(std::uint8_t first) {
  std::vector<std::uint8_t> bytes(CookieJar::kSecretSize);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return bytes;
}

// python3 -c 'import hmac; print(hmac.new(bytes(range(32)), bytes([192,168,1,20]),
// "sha256").hexdigest()[:32])'
TEST(CookieJar, IsHmacSha256OfTheAddress) {
  const CookieJar jar(secret(0));
  EXPECT_EQ(to_hex(jar.cookie_for(kSink)), "bc98f4d4c59196c746d49caa6955497f");
  EXPECT_EQ(to_hex(jar.cookie_for(kSink)), "bc98f4d4c59196c746d49caa6955497f")
      << "again, after the first use";
}

TEST(CookieJar, KnowsItsOwnCookies) {
  const CookieJar jar(secret(0));
  const auto cookie = jar.cookie_for(kSink);
  EXPECT_TRUE(jar.matches(cookie, kSink));
  EXPECT_FALSE(jar.matches(cookie, {kSink.value + 1})) << "another address";
  EXPECT_FALSE(CookieJar(secret(1)).matches(cookie, kSink)) << "another start";
  EXPECT_FALSE(jar.matches({}, kSink));
}

TEST(CookieJar, EachBitCounts) {
  const CookieJar jar(secret(0));
  for (std::size_t bit = 0; bit < 128; ++bit) {
    auto cookie = jar.cookie_for(kSink);
    cookie[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(jar.matches(cookie, kSink)) << bit;
  }
}

TEST(CookieJar, AddressesHaveDifferentCookies) {
  const CookieJar jar(secret(0));
  std::set<CookieJar::Cookie> cookies;
  for (std::uint32_t i = 0; i < 1000; ++i) cookies.insert(jar.cookie_for({kSink.value + i}));
  EXPECT_EQ(cookies.size(), 1000u);
}

TEST(CookieJar, AShortSecretIsRefused) {
  EXPECT_THROW(CookieJar(ByteView(secret(0)).first(31)), std::runtime_error);
}

}  // namespace
}  // namespace wfdcast::security
