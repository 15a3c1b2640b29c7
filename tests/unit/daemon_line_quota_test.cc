#include "daemon/line_quota.h"

#include <gtest/gtest.h>

namespace wfdcast::daemon {
namespace {

constexpr Time kStart = Time(1h);
constexpr Ipv4Address kAddress = Ipv4Address::from_octets(10, 0, 0, 7);
constexpr Ipv4Address kOther = Ipv4Address::from_octets(10, 0, 0, 8);

TEST(LineQuota, OfEachAddressSoManyInAnInterval) {
  LineQuota quota(2);
  EXPECT_EQ(quota.take(kAddress, kStart), "");
  EXPECT_EQ(quota.take(kAddress, kStart + 1s), "");
  EXPECT_FALSE(quota.take(kAddress, kStart + 2s));
  EXPECT_FALSE(quota.take(kAddress, kStart + LineQuota::kInterval - 1ms));
  EXPECT_EQ(quota.take(kOther, kStart + 2s), " (2 such lines kept back before)");
  EXPECT_EQ(quota.take(kAddress, kStart + LineQuota::kInterval), "") << "and they are told once";
}

TEST(LineQuota, WhoHasManyAddressesFillsNoLogEither) {
  LineQuota quota(1);
  std::size_t said = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) said += quota.take({kAddress.value + i}, kStart) ? 1 : 0;
  EXPECT_EQ(said, LineQuota::kMaxAddresses);
  EXPECT_EQ(quota.take(kAddress, kStart + LineQuota::kInterval), " (9744 such lines kept back before)");
  EXPECT_EQ(quota.take({kAddress.value + 9'999}, kStart + LineQuota::kInterval), "");
}

}  // namespace
}  // namespace wfdcast::daemon
