// RateControl: which bitrate the encoder is asked for when sinks report what.
#include "stream/rate_control.h"

#include <gtest/gtest.h>

namespace wfdcast::stream {
namespace {

constexpr SessionId kOne{1}, kTwo{2};
constexpr std::uint64_t kLeast = 1'000'000, kMost = 9'000'000;

class RateControlTest : public testing::Test {
 protected:
  using Report = RateControl::Report;
  // Reports each second, for so long.
  void run(Duration length, const Report& one, const std::optional<Report>& two = {}) {
    for (const Time end = now + length; now < end; now += 1s) {
      control.report(kOne, one, now);
      if (two) control.report(kTwo, *two, now);
      orders += control.tick(now);
    }
  }
  RateControl control{{kLeast, kMost}};
  Time now = Time{} + 100s;
  int orders = 0;
};

constexpr RateControl::Report kClean{.loss = 0.01, .residual = 0.0, .round_trip = 5ms};
constexpr RateControl::Report kBroken{.loss = 0.3, .residual = 0.05, .round_trip = 5ms};

TEST_F(RateControlTest, BeginsWithWhatIsWantedAndStaysThereInCleanAir) {
  run(60s, kClean);
  EXPECT_EQ(control.bitrate(), kMost);
  EXPECT_EQ(orders, 0);
}

TEST_F(RateControlTest, GoesDownWithTheLossAndNotBelowTheLeast) {
  run(1s, kBroken);
  EXPECT_EQ(control.bitrate(), kMost * 70 / 100);
  run(1s, kBroken);
  EXPECT_EQ(control.bitrate(), kMost * 70 / 100) << "what is reported now is of before";
  run(9s, kBroken);
  EXPECT_GT(control.bitrate(), kLeast);
  run(5s, kBroken);
  EXPECT_EQ(control.bitrate(), kLeast);
}

TEST_F(RateControlTest, IsBackTenSecondsAfterTheAirIsClear) {
  run(14s, kBroken);
  EXPECT_EQ(control.bitrate(), kLeast);
  run(10s, kClean);
  EXPECT_EQ(control.bitrate(), kMost);
}

TEST_F(RateControlTest, RepairedLossIsNoReason) {
  run(60s, {.loss = 0.09, .residual = 0.0});
  EXPECT_EQ(control.bitrate(), kMost);
  run(2s, {.loss = 0.2, .residual = 0.0});
  EXPECT_LT(control.bitrate(), kMost) << "so much repair fills the air";
}

TEST_F(RateControlTest, HoldsBetweenGoodAndBad) {
  run(2s, kBroken);
  const auto bitrate = control.bitrate();
  run(30s, {.loss = 0.12, .residual = 0.002});
  EXPECT_EQ(control.bitrate(), bitrate);
}

TEST_F(RateControlTest, AQueueThatGrowsIsSeenBeforeItLoses) {
  run(5s, kClean);
  run(1s, {.loss = 0.0, .residual = 0.0, .round_trip = 80ms});
  EXPECT_EQ(control.bitrate(), kMost) << "once is chance";
  run(1s, {.loss = 0.0, .residual = 0.0, .round_trip = 90ms});
  EXPECT_LT(control.bitrate(), kMost);
}

TEST_F(RateControlTest, APathThatBecameLongerIsNoQueueForEver) {
  run(5s, kClean);
  run(150s, {.loss = 0.0, .residual = 0.0, .round_trip = 100ms});
  EXPECT_EQ(control.bitrate(), kMost);
}

TEST_F(RateControlTest, TheWorstCounts) {
  run(5s, kClean, kBroken);
  EXPECT_LT(control.bitrate(), kMost * 6 / 10);
}

TEST_F(RateControlTest, OneThatNothingHelpsDoesNotCountAndComesBack) {
  run(14s, kClean, kBroken);
  EXPECT_EQ(control.bitrate(), kLeast);
  run(30s, kClean, kBroken);
  EXPECT_EQ(control.bitrate(), kMost) << "the other has what it can have";
  run(15s, kClean, kClean);
  run(2s, kClean, kBroken);
  EXPECT_LT(control.bitrate(), kMost) << "it counts again";
}

TEST_F(RateControlTest, WhoLeftOrSaysNothingDoesNotCount) {
  run(2s, kClean, kBroken);
  run(30s, kClean);
  EXPECT_EQ(control.bitrate(), kMost) << "silent";
  run(2s, kClean, kBroken);
  control.remove(kTwo);
  run(12s, kClean);
  EXPECT_EQ(control.bitrate(), kMost);
}

TEST_F(RateControlTest, LimitsMayChange) {
  control.set_limits({kLeast, 4'000'000});
  EXPECT_EQ(control.bitrate(), 4'000'000U);
  control.set_limits({kLeast, kMost});
  EXPECT_EQ(control.bitrate(), kMost);
  run(2s, kBroken);
  const auto bitrate = control.bitrate();
  control.set_limits({kLeast, kMost + 1});
  EXPECT_EQ(control.bitrate(), bitrate);
  control.set_limits({5'000'000, 2'000'000});
  EXPECT_EQ(control.bitrate(), 2'000'000U) << "a least above the most is no least";
}

}  // namespace
}  // namespace wfdcast::stream
