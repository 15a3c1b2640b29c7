#include "stream/pcr_schedule.h"

#include <gtest/gtest.h>

namespace wfdcast::stream {
namespace {

constexpr Ticks27 kMillisecond = 27'000;
const Time kStart = Time{} + 1000s;

class PcrScheduleTest : public testing::Test {
 protected:
  // Ten full RTP packets, and a PCR behind them. True: the clock goes on.
  bool segment(Ticks27 pcr) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(queue.open(kStart));
      queue.commit(kTsPacketsPerRtp, kStart);
    }
    return schedule.reference(pcr, queue, kStart);
  }
  [[nodiscard]] Duration until() const { return *schedule.until() - kStart; }
  [[nodiscard]] Duration due(std::uint64_t number) const { return queue.slot(number).due - kStart; }

  RtpQueue queue{200};
  PcrSchedule schedule;
  const Ticks27 first = kPcrModulus - 50 * kMillisecond;  // it wraps on the way
};

TEST_F(PcrScheduleTest, PacketsAreSpreadEvenlyBetweenPcrs) {
  EXPECT_TRUE(segment(first));
  EXPECT_EQ(schedule.end(), 10u);
  EXPECT_EQ(due(9), 0ns) << "what stood before the first PCR goes at once";
  EXPECT_TRUE(segment(pcr_plus(first, 40 * kMillisecond)));
  EXPECT_TRUE(segment(pcr_plus(first, 60 * kMillisecond)));
  for (int i = 0; i < 10; ++i) {
    EXPECT_NEAR(static_cast<double>(due(10u + static_cast<unsigned>(i)).count()), i * 4e6, 100);
    EXPECT_NEAR(static_cast<double>(due(20u + static_cast<unsigned>(i)).count()), 40e6 + i * 2e6, 100);
  }
  EXPECT_EQ(until(), 60ms);
}

// The join of a multiplex whose clock runs 60 ms longer than its pictures.
TEST_F(PcrScheduleTest, AClockThatTurnsBackIsCaughtUpAtTwiceTheRate) {
  (void)segment(first);
  (void)segment(pcr_plus(first, 40 * kMillisecond));
  EXPECT_TRUE(segment(pcr_plus(first, 20 * kMillisecond)));
  EXPECT_NEAR(static_cast<double>(until().count()), 60e6, 100);
  EXPECT_TRUE(segment(pcr_plus(first, 60 * kMillisecond)));
  EXPECT_NEAR(static_cast<double>(until().count()), 80e6, 100);
  EXPECT_TRUE(segment(pcr_plus(first, 100 * kMillisecond)));
  EXPECT_NEAR(static_cast<double>(until().count()), 100e6, 100);
  EXPECT_TRUE(segment(pcr_plus(first, 140 * kMillisecond)));
  EXPECT_NEAR(static_cast<double>(until().count()), 140e6, 100);
}

TEST_F(PcrScheduleTest, AJumpKeepsTheRate) {
  (void)segment(first);
  (void)segment(pcr_plus(first, 40 * kMillisecond));
  EXPECT_FALSE(segment(pcr_plus(first, 3600 * 1000 * kMillisecond)));
  EXPECT_NEAR(static_cast<double>(until().count()), 80e6, 100);
  EXPECT_FALSE(segment(first));
  EXPECT_NEAR(static_cast<double>(until().count()), 120e6, 100);
}

TEST_F(PcrScheduleTest, TheSamePcrTwiceTakesNoTime) {
  (void)segment(first);
  (void)segment(pcr_plus(first, 40 * kMillisecond));
  EXPECT_TRUE(segment(pcr_plus(first, 40 * kMillisecond)));
  EXPECT_EQ(until(), 40ms);
}

TEST_F(PcrScheduleTest, ALargePictureDoesNotLookLikeALongTime) {
  (void)segment(first);
  (void)segment(pcr_plus(first, 40 * kMillisecond));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(queue.open(kStart));
    queue.commit(kTsPacketsPerRtp, kStart);
  }
  EXPECT_EQ(schedule.estimate(queue), kStart + 80ms);
}

}  // namespace
}  // namespace wfdcast::stream
