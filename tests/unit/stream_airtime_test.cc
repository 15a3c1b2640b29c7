// How much of the air a stream takes.
#include "stream/airtime.h"

#include <gtest/gtest.h>

namespace wfdcast::stream {
namespace {

// 2 Mbit/s, 188 packets a second: each is 1,392 bytes with its headers.
TEST(Airtime, OneSlowCopyToAllIsWorthSeveralFastOnes) {
  const Airtime one = estimate_airtime(2e6, 188, 1), eight = estimate_airtime(2e6, 188, 8);
  EXPECT_NEAR(one.group, 188 * (121e-6 + 1392 * 8 / 6e6), 1e-3);
  EXPECT_NEAR(one.stations, 188 * (165e-6 + 1392 * 8 / 65e6), 1e-3);
  EXPECT_EQ(eight.group, one.group);
  EXPECT_DOUBLE_EQ(eight.stations, 8 * one.stations);
  EXPECT_LT(one.stations, one.group);
  EXPECT_GT(eight.stations, eight.group);
}

TEST(Airtime, ACopyToEachIsCheaperForFewAndNotForMany) {
  int most = 0;
  while (cheaper_by_stations(most + 1)) ++most;
  EXPECT_EQ(most, 5);
  const Airtime five = estimate_airtime(2e6, 188, 5), six = estimate_airtime(2e6, 188, 6);
  EXPECT_LE(five.stations, five.group);
  EXPECT_GT(six.stations, six.group);
}

TEST(Airtime, WhatDoesNotFitIsMoreThanOne) { EXPECT_GT(estimate_airtime(8e6, 753, 1).group, 1); }

}  // namespace
}  // namespace wfdcast::stream
