#include "base/coalescer.h"

#include <gtest/gtest.h>

namespace wfdcast {
namespace {

constexpr Time kStart{std::chrono::hours(1)};

TEST(Coalescer, OneOfManyInEachPeriodAndTheLastIsNotLost) {
  Coalescer requests(300ms);
  EXPECT_TRUE(requests.request(kStart));
  EXPECT_FALSE(requests.deadline());
  for (int i = 1; i < 20; ++i) EXPECT_FALSE(requests.request(kStart + i * 10ms));
  EXPECT_EQ(requests.deadline(), kStart + 300ms);
  EXPECT_FALSE(requests.due(kStart + 299ms));
  EXPECT_TRUE(requests.due(kStart + 300ms));
  EXPECT_FALSE(requests.due(kStart + 300ms));
  EXPECT_FALSE(requests.request(kStart + 599ms));
  EXPECT_TRUE(requests.request(kStart + 1000ms));
}

TEST(Coalescer, WhatIsCancelledDoesNotCome) {
  Coalescer requests(300ms);
  EXPECT_TRUE(requests.request(kStart));
  EXPECT_FALSE(requests.request(kStart + 1ms));
  requests.cancel();
  EXPECT_FALSE(requests.deadline());
  EXPECT_FALSE(requests.due(kStart + 1s));
}

}  // namespace
}  // namespace wfdcast
