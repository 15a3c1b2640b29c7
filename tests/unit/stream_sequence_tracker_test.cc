#include "stream/sequence_tracker.h"

#include <gtest/gtest.h>

#include "stream/packet_ring.h"

namespace wfdcast::stream {
namespace {

using Step = SequenceTracker::Step;

SequenceTracker started(std::uint16_t sequence) {
  SequenceTracker tracker;
  EXPECT_EQ(tracker.place(sequence)->step, Step::First);
  return tracker;
}

TEST(SequenceTracker, RunsOnAcrossWraps) {
  SequenceTracker tracker;
  for (std::uint32_t n = 0; n < 200'000; ++n) {
    const auto place = tracker.place(static_cast<std::uint16_t>(40'000 + n));
    ASSERT_TRUE(place);
    ASSERT_EQ(place->extended, 0x1'0000U + 40'000 + n);
    ASSERT_EQ(place->index, place->extended);
  }
}

TEST(SequenceTracker, OlderPacketsHaveTheirNumbersAlsoAcrossAWrap) {
  SequenceTracker tracker = started(1);
  const auto place = tracker.place(65'535);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->step, Step::Older);
  EXPECT_EQ(place->extended, 0xFFFFU);
  EXPECT_EQ(tracker.place(2)->extended, 0x1'0002U);
}

TEST(SequenceTracker, AStepOfTheLimitIsTakenAndOneMoreIsNot) {
  SequenceTracker tracker = started(0);
  EXPECT_EQ(tracker.place(SequenceTracker::kMaxJump)->step, Step::Newer);
  EXPECT_EQ(tracker.place(0)->step, Step::Older);
  EXPECT_FALSE(tracker.place(SequenceTracker::kMaxJump * 2 + 1));
}

TEST(SequenceTracker, AJumpForwardCountsWhenConfirmed) {
  SequenceTracker tracker = started(100);
  EXPECT_FALSE(tracker.place(20'100));
  EXPECT_FALSE(tracker.place(20'100)) << "a copy confirms nothing";
  const auto place = tracker.place(20'101);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->step, Step::Jumped);
  EXPECT_EQ(place->skipped, 20'000U);
  EXPECT_EQ(place->extended, 0x1'0000U + 20'101);
  EXPECT_EQ(place->index, 0x1'0000U + 101) << "no hole";
  EXPECT_EQ(tracker.place(20'102)->index, 0x1'0000U + 102);
  EXPECT_FALSE(tracker.place(20'100)) << "from before the jump";
}

TEST(SequenceTracker, AJumpBackwardIsARestart) {
  SequenceTracker tracker = started(20'000);
  EXPECT_FALSE(tracker.place(100));
  const auto place = tracker.place(101);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->step, Step::Restarted);
  EXPECT_EQ(place->skipped, 0U);
  EXPECT_EQ(place->extended & 0xFFFF, 101U);
  EXPECT_EQ(place->index, 0x1'0000U + 20'001);
}

TEST(SequenceTracker, WhatWasSentDuringAPauseIsNotMissing) {
  for (const std::uint16_t first : std::initializer_list<std::uint16_t>{
           110, 20'100, 40'000}) {  // near, far, and so far that it looks like backward
    SequenceTracker tracker = started(100);
    tracker.pause();
    EXPECT_EQ(tracker.place(101)->step, Step::Newer) << "it was on its way";
    tracker.resume();
    const auto place = tracker.place(first);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->step, Step::Restarted);
    EXPECT_EQ(place->skipped, 0U);
    EXPECT_EQ(place->extended, 0x1'0000U + first);
    EXPECT_EQ(place->index, 0x1'0000U + 102) << "no hole";
    EXPECT_EQ(tracker.place(static_cast<std::uint16_t>(first + 2))->index, 0x1'0000U + 104) << "a hole again";
  }
}

TEST(SequenceTracker, APacketThatOvertakesTheAnswerToPlayIsTheFirstAfterThePause) {
  SequenceTracker tracker = started(100);
  tracker.pause();
  EXPECT_EQ(tracker.place(200)->step, Step::Restarted);
  tracker.resume();
  EXPECT_EQ(tracker.place(201)->index, 0x1'0000U + 102);
  EXPECT_EQ(tracker.place(203)->step, Step::Newer);
}

TEST(SequenceTracker, AStrayNumberBetweenGoodOnesIsForgotten) {
  SequenceTracker tracker = started(100);
  EXPECT_FALSE(tracker.place(20'000));
  EXPECT_TRUE(tracker.place(101));
  EXPECT_FALSE(tracker.place(20'001));
  EXPECT_FALSE(tracker.place(40'000)) << "not what the suspect announced";
  EXPECT_FALSE(tracker.place(39'999)) << "nor is the one before it";
  EXPECT_EQ(tracker.place(102)->step, Step::Newer);
}

const std::array<std::uint8_t, kTsPacket> kTs{0x47};

TEST(PacketRing, TakesNoNumberTwiceAndNoneThatWasPassed) {
  PacketRing ring;
  ring.insert(1000, kTs, 0ms, 0);
  ring.insert(1002, kTs, 2ms, 0);
  EXPECT_EQ(ring.fate(1000), PacketRing::Fate::Duplicate);
  EXPECT_EQ(ring.fate(1001), PacketRing::Fate::Missing);
  EXPECT_EQ(ring.front()->missing, 0U);
  ring.pop();
  EXPECT_EQ(ring.fate(1000), PacketRing::Fate::Duplicate);
  EXPECT_EQ(ring.front()->missing, 1U);
  ring.pop();
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.fate(1001), PacketRing::Fate::Passed);
  ring.remember(1001);
  EXPECT_EQ(ring.fate(1001), PacketRing::Fate::Duplicate);
  EXPECT_EQ(ring.fate(999), PacketRing::Fate::Passed);
}

TEST(PacketRing, HoldsAsManyAsItHasSlotsWithinItsFuture) {
  PacketRing ring;
  ring.insert(100'000, kTs, 0ms, 0);
  EXPECT_EQ(ring.fate(100'000 + PacketRing::kFuture - 1), PacketRing::Fate::Missing);
  EXPECT_EQ(ring.fate(100'000 + PacketRing::kFuture), PacketRing::Fate::TooFar);
  for (std::size_t i = 1; i < PacketRing::kSlots; ++i) {
    EXPECT_EQ(ring.crowded(), i > PacketRing::kSlots - PacketRing::kReserve);
    ASSERT_EQ(ring.fate(100'000 + i), PacketRing::Fate::Missing);
    ring.insert(100'000 + i, kTs, 0ms, 0);
  }
  EXPECT_EQ(ring.fate(100'000 + PacketRing::kSlots), PacketRing::Fate::NoRoom);
  ring.pop();
  EXPECT_EQ(ring.fate(100'000 + PacketRing::kSlots), PacketRing::Fate::Missing);
}

TEST(PacketRing, BeforeTheFirstOutputOlderNumbersReachBackNoFurtherThanTheFuture) {
  PacketRing ring;
  std::uint64_t index = 100'000;
  const std::uint64_t newest = index;
  ring.insert(index, kTs, 0ms, 0);
  while (ring.fate(index - 1000) == PacketRing::Fate::Missing) ring.insert(index -= 1000, kTs, 0ms, 0);
  EXPECT_EQ(newest - index, 12'000U);
  EXPECT_EQ(ring.fate(newest), PacketRing::Fate::Duplicate);
}

TEST(PacketRing, APacketLongPastDisturbsNothing) {
  PacketRing ring;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    ring.insert(100'000 + i, kTs, 0ms, 0);
    ring.pop();
  }
  const std::uint64_t head = 150'000;
  ring.insert(head + PacketRing::kFuture - 1, kTs, 0ms, 0);
  const std::uint64_t same_cell = head - PacketRing::kPast - 1;
  EXPECT_EQ(ring.fate(same_cell), PacketRing::Fate::Passed);
  ring.remember(same_cell);
  EXPECT_EQ(ring.fate(head + PacketRing::kFuture - 1), PacketRing::Fate::Duplicate);
}

}  // namespace
}  // namespace wfdcast::stream
