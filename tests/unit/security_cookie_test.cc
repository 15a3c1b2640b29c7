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

// printf '\xc0\xa8\x01\x14' | openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:16
// SIPHASH
TEST(CookieJar, IsSipHashOfTheAddress) {
  const CookieJar jar(secret(0));
  EXPECT_EQ(to_hex(jar.cookie_for(kSink)), "be0cfe06b300b0fd65c4411cf4b4478a");
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
  EXPECT_THROW(CookieJar(ByteView(secret(0)).first(15)), std::runtime_error);
}

}  // namespace
}  // namespace wfdcast::security
