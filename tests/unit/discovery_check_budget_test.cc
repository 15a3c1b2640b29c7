#include "discovery/check_budget.h"

#include <gtest/gtest.h>

namespace wfdcast::discovery {
namespace {

constexpr Time kStart{1h};
constexpr Ipv4Address kHome{0x0a4d0001};
const DeviceId kBoard{{1}};

Ipv4Address stranger(std::uint32_t number) { return {0x0a4d1000 + number}; }

struct Rig {
  CheckBudget budget{{.in_all = 20, .burst = 20, .of_address = 4, .penalty = 10s}};
  Time now = kStart;
  int taken(Ipv4Address address, int asked) {
    int taken = 0;
    for (int i = 0; i < asked; ++i) taken += budget.take(address, now);
    return taken;
  }
  int failed_checks(int addresses) {
    int checked = 0;
    for (int i = 0; i < addresses; ++i) {
      const Ipv4Address address = stranger(static_cast<std::uint32_t>(i));
      if (!budget.take(address, now)) continue;
      ++checked;
      budget.failed(address, now);
    }
    return checked;
  }
};

TEST(CheckBudget, AnAddressHasItsShare) {
  Rig rig;
  EXPECT_EQ(rig.taken(stranger(1), 100), 4);
  EXPECT_EQ(rig.taken(stranger(2), 100), 4);
  rig.now += 1s;
  EXPECT_EQ(rig.taken(stranger(1), 100), 4);
}

TEST(CheckBudget, HalfIsKeptForHomes) {
  Rig rig;
  rig.budget.proved(kBoard, kHome, rig.now);
  EXPECT_EQ(rig.failed_checks(1000), 10);
  EXPECT_EQ(rig.taken(kHome, 100), 4);
  rig.now += 250ms;
  EXPECT_EQ(rig.taken(kHome, 1), 1);
}

TEST(CheckBudget, WhoFailedWaitsSoThatOthersHaveTheirTurn) {
  Rig rig;
  EXPECT_EQ(rig.failed_checks(10), 10);
  for (int second = 1; second < 10; ++second) {
    rig.now += 1s;
    EXPECT_EQ(rig.failed_checks(10), 0);
    EXPECT_TRUE(rig.budget.take(kHome, rig.now)) << "a newcomer";
  }
  rig.now += 1s;
  EXPECT_EQ(rig.failed_checks(10), 10);
}

TEST(CheckBudget, AHomeIsNotBarredByWhatOthersSendInItsName) {
  Rig rig;
  rig.budget.proved(kBoard, kHome, rig.now);
  ASSERT_TRUE(rig.budget.take(kHome, rig.now));
  rig.budget.failed(kHome, rig.now);
  EXPECT_TRUE(rig.budget.take(kHome, rig.now));
}

TEST(CheckBudget, ABoardHasOneHome) {
  Rig rig;
  for (std::uint32_t i = 0; i < 1000; ++i) rig.budget.proved(kBoard, stranger(i), rig.now);
  EXPECT_EQ(rig.failed_checks(999), 10) << "its last one is not among these";
  EXPECT_TRUE(rig.budget.take(stranger(999), rig.now));
}

TEST(CheckBudget, WhatItRemembersIsBoundedByTheRate) {
  Rig rig;
  for (int second = 0; second < 100; ++second, rig.now += 1s) (void)rig.failed_checks(100'000 / 100);
  EXPECT_LE(rig.budget.addresses(), 20U * 12);
}

}  // namespace
}  // namespace wfdcast::discovery
