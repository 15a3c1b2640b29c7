#include "stream/path_watch.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/unit/stream_receiver_rig.h"

namespace wfdcast::stream {
namespace {

using test::count_up;
using test::Rig;

constexpr Duration kStep = 2 * RtpReceiver::kTogether;

// Unicast from the start, the group beside it from packet 100 on with this
// lag; `lost` of each hundred of the group's packets are missing.
Rig compared(Duration lag, std::uint32_t lost, const Rig::Options& options = {},
             std::uint32_t packets = 3000) {
  Rig rig(options);
  rig.receiver.compare_group(rig.start);
  for (std::uint32_t n = 0; n < packets; ++n) {
    rig.arrive(n, rig.sent(n) + 1ms);
    if (n >= 100 && n % 100 >= lost) rig.arrive(n, rig.sent(n) + 1ms + lag, Delivery::Multicast);
  }
  rig.play();
  return rig;
}

TEST(PathComparison, AGroupThatIsInTimeAndWholeFits) {
  const Rig rig = compared(3ms, 0);
  ASSERT_EQ(rig.events.size(), 1U) << "one verdict";
  ASSERT_TRUE(rig.first_of<GroupFit>());
  EXPECT_EQ(rig.first_of<GroupFit>()->detail, "lag=3ms lost=0 of=501");
  EXPECT_LE(rig.events.front().at, rig.start + 700ms);
}

TEST(PathComparison, AGroupThatIsAheadFits) {
  const Rig rig = compared(-1ms, 0);
  ASSERT_TRUE(rig.first_of<GroupFit>());
  EXPECT_EQ(rig.first_of<GroupFit>()->detail.substr(0, 8), "lag=0ms ");
}

TEST(PathComparison, ALagThatLeavesNoRoomForARepairDoesNotFit) {
  EXPECT_TRUE(compared(130ms, 0).first_of<GroupFit>());
  const Rig rig = compared(131ms, 0);
  ASSERT_TRUE(rig.first_of<GroupUnfit>());
  EXPECT_EQ(rig.first_of<GroupUnfit>()->detail, "lag 131 ms does not fit latency 150 ms");
  EXPECT_FALSE(rig.first_of<GroupFit>());
}

TEST(PathComparison, ALagBeyondTheLatencyDoesNotFit) {
  const Rig rig = compared(180ms, 0);
  ASSERT_TRUE(rig.first_of<GroupUnfit>());
  EXPECT_EQ(rig.first_of<GroupUnfit>()->detail, "lag 180 ms does not fit latency 150 ms");
  EXPECT_LE(rig.times_of<GroupUnfit>().front(), rig.start + 2500ms);
}

TEST(PathComparison, OneStragglerInAHundredDoesNotDecide) {
  for (const std::uint32_t each : {150U, 50U}) {
    Rig rig;
    rig.receiver.compare_group(rig.start);
    for (std::uint32_t n = 0; n < 1500; ++n) {
      rig.arrive(n, rig.sent(n));
      rig.arrive(n, rig.sent(n) + (n % each == 7 ? 140ms : 5ms), Delivery::Multicast);
    }
    rig.play();
    EXPECT_EQ(rig.first_of<GroupFit>() != nullptr, each == 150) << each;
    EXPECT_EQ(rig.first_of<GroupUnfit>() != nullptr, each == 50) << each;
  }
}

TEST(PathComparison, AGroupThatLosesATenthStillFits) {
  EXPECT_TRUE(compared(3ms, 9).first_of<GroupFit>());
  const Rig rig = compared(3ms, 20);
  ASSERT_TRUE(rig.first_of<GroupUnfit>());
  EXPECT_EQ(rig.first_of<GroupUnfit>()->detail.substr(0, 31), "the group loses too much: lost=");
}

TEST(PathComparison, WhatUnicastLostIsNotTheGroupsLoss) {
  Rig rig;
  rig.receiver.compare_group(rig.start);
  for (std::uint32_t n = 0; n < 2000; ++n) {
    if (n % 3 != 0) rig.arrive(n, rig.sent(n));
    rig.arrive(n, rig.sent(n) + 2ms, Delivery::Multicast);
  }
  rig.play();
  ASSERT_TRUE(rig.first_of<GroupFit>());
  EXPECT_NE(rig.first_of<GroupFit>()->detail.find("lost=0 "), std::string::npos);
}

TEST(PathComparison, AGroupThatDiesAfterItsFirstPacketsDoesNotFit) {
  Rig rig;
  rig.receiver.compare_group(rig.start);
  for (std::uint32_t n = 0; n < 3000; ++n) {
    rig.arrive(n, rig.sent(n));
    if (n < 20) rig.arrive(n, rig.sent(n) + 2ms, Delivery::Multicast);
  }
  rig.play();
  EXPECT_TRUE(rig.first_of<GroupUnfit>());
}

TEST(PathComparison, ASlowStreamIsJudgedByFewerPackets) {
  const Rig rig = compared(3ms, 0, {.spacing = 20ms}, 400);
  ASSERT_TRUE(rig.first_of<GroupFit>());
  const Duration after = rig.times_of<GroupFit>().front() - rig.sent(100);
  EXPECT_TRUE(after >= 2s && after < 2100ms);
}

TEST(PathComparison, AFastStreamIsWatchedForAsLongAsWifiHolds) {
  const Rig rig = compared(3ms, 0, {.spacing = 200us}, 6000);
  ASSERT_TRUE(rig.first_of<GroupFit>());
  EXPECT_GE(rig.times_of<GroupFit>().front() - rig.sent(100), 500ms);
}

TEST(PathComparison, ComparesAnewEachTime) {
  Rig rig = compared(180ms, 0);
  rig.receiver.expect(Delivery::Unicast);
  rig.receiver.compare_group(rig.now);
  for (std::uint32_t n = 3000; n < 5000; ++n) {
    rig.arrive(n, rig.sent(n) + 1ms);
    rig.arrive(n, rig.sent(n) + 2ms, Delivery::Multicast);
  }
  rig.play();
  EXPECT_EQ(rig.times_of<GroupUnfit>().size(), 1U);
  EXPECT_EQ(rig.times_of<GroupFit>().size(), 1U);
}

TEST(PathWatch, AGroupThatIsNeverHeardIsAskedForAgainThenGivenUp) {
  Rig rig;
  rig.receiver.compare_group(rig.start);
  for (std::uint32_t n = 0; n < 6000; ++n) rig.arrive(n, rig.sent(n));
  rig.play();
  EXPECT_EQ(rig.times_of<GroupMissing>(), (std::vector<Time>{rig.start + 1s, rig.start + 2s}));
  EXPECT_EQ(rig.times_of<GroupUnfit>(), (std::vector<Time>{rig.start + 3s}));
  EXPECT_EQ(rig.first_of<GroupUnfit>()->detail, "nothing arrived from the group");
}

TEST(PathWatch, TheGroupIsNotBlamedWhenNothingComesAtAll) {
  Rig rig;
  rig.receiver.compare_group(rig.start);
  rig.run_until(rig.start + 10s);
  EXPECT_TRUE(rig.events.empty());
}

TEST(PathWatch, ASilentGroupIsToldOnceUntilItIsHeardAgain) {
  Rig rig;
  rig.receiver.expect(Delivery::Multicast);
  for (std::uint32_t n = 0; n < 1000; ++n) rig.arrive(n, rig.sent(n), Delivery::Multicast);
  rig.play();
  rig.run_until(rig.now + 20s);
  EXPECT_EQ(rig.times_of<GroupSilent>(), (std::vector<Time>{rig.sent(999) + 300ms}));
  rig.give(rig.datagram(1000, rig.rtp_at(20s)), Delivery::Multicast);
  rig.run_until(rig.now + 20s);
  EXPECT_EQ(rig.times_of<GroupSilent>().size(), 2U);
}

TEST(PathWatch, WifiHoldingTheGroupForLessThanTheSilenceIsNothing) {
  Rig rig;
  rig.receiver.expect(Delivery::Multicast);
  for (std::uint32_t n = 0; n < 3000; ++n) rig.arrive(n, rig.sent(n / 299 * 299 + 299), Delivery::Multicast);
  rig.play();
  EXPECT_TRUE(rig.times_of<GroupSilent>().empty());
}

TEST(PathWatch, ASilentGroupBesideUnicastIsNotTold) {
  Rig rig;
  rig.receiver.expect(Delivery::Multicast);
  rig.arrive(0, rig.sent(0), Delivery::Multicast);
  for (std::uint32_t n = 1; n < 2000; ++n) rig.arrive(n, rig.sent(n));
  rig.play();
  EXPECT_TRUE(rig.times_of<GroupSilent>().empty());
}

TEST(PathWatch, AGroupExpectedFromTheStartAndNeverHeardIsAskedForThenSilent) {
  Rig rig;
  rig.receiver.expect(Delivery::Multicast);
  rig.run_until(rig.start + 30s);
  EXPECT_EQ(rig.times_of<GroupMissing>(), (std::vector<Time>{rig.start + 1s, rig.start + 2s}));
  EXPECT_EQ(rig.times_of<GroupSilent>(), (std::vector<Time>{rig.start + 3s}));
}

TEST(PathWatch, SilenceOfUnicastIsNoEvent) {
  Rig rig;
  rig.receiver.expect(Delivery::Unicast);
  rig.arrive(0, rig.start);
  rig.play();
  rig.run_until(rig.start + 30s);
  EXPECT_TRUE(rig.events.empty());
}

TEST(PathWatch, SilenceWhilePausedIsRightAndAfterResumeItIsNot) {
  Rig rig;
  rig.receiver.expect(Delivery::Multicast);
  for (std::uint32_t n = 0; n < 100; ++n) rig.arrive(n, rig.sent(n), Delivery::Multicast);
  rig.play();
  rig.receiver.pause(rig.now);
  rig.run_until(rig.now + 10s);
  EXPECT_TRUE(rig.events.empty());
  rig.receiver.resume(rig.now);
  const Time resumed = rig.now;
  rig.run_until(rig.now + 10s);
  EXPECT_EQ(rig.times_of<GroupSilent>(), (std::vector<Time>{resumed + 300ms}));
}

TEST(PathWatch, TheFirstUnicastPacketIsToldOnceWhileReturning) {
  Rig rig;
  rig.receiver.expect(Delivery::Multicast);
  for (std::uint32_t n = 0; n < 1000; ++n) rig.arrive(n, rig.sent(n), Delivery::Multicast);
  rig.play();
  rig.receiver.await_unicast(rig.now);
  for (std::uint32_t n = 1000; n < 2000; ++n) {
    rig.arrive(n, rig.sent(n), Delivery::Multicast);
    if (n >= 1500) rig.arrive(n, rig.sent(n) + 1ms);
  }
  rig.play();
  EXPECT_EQ(rig.times_of<UnicastArrived>(), (std::vector<Time>{rig.sent(1500) + 1ms}));
  EXPECT_EQ(rig.events.size(), 1U);
}

// The group is held by Wi-Fi in turns of 100 ms; unicast is prompt. Jittered.
TEST(RtpReceiver, AMoveThereAndBackLosesRepeatsAndShiftsNothing) {
  Rig rig;
  Random random(11);
  const auto unicast = [&](std::uint32_t n) {
    rig.arrive(n, rig.sent(n) + 1ms + std::chrono::duration_cast<Duration>(random.unit() * 2ms));
  };
  const auto group = [&](std::uint32_t n) {
    rig.arrive(n, rig.sent(n / 100 * 100 + 100) + 1ms, Delivery::Multicast);
  };
  const auto play = [&](std::uint32_t from, std::uint32_t to, bool by_unicast, bool by_group) {
    for (std::uint32_t n = from; n < to; ++n) {
      if (by_unicast) unicast(n);
      if (by_group) group(n);
    }
    rig.play();
  };
  rig.receiver.expect(Delivery::Unicast);
  play(0, 3000, true, false);
  rig.receiver.compare_group(rig.now);
  play(3000, 6000, true, true);
  ASSERT_TRUE(rig.first_of<GroupFit>());
  rig.receiver.expect(Delivery::Multicast);
  play(6000, 20'000, false, true);
  rig.receiver.await_unicast(rig.now);
  play(20'000, 22'000, true, true);
  ASSERT_TRUE(rig.first_of<UnicastArrived>());
  rig.receiver.expect(Delivery::Unicast);
  play(22'000, 30'000, true, false);
  rig.finish();

  EXPECT_EQ(rig.numbers(), count_up(0, 30'000));
  EXPECT_EQ(rig.events.size(), 2U) << "the two above";
  const auto counters = rig.receiver.counters(rig.now);
  EXPECT_EQ(counters.lost + counters.late + counters.foreign, 0U);
  EXPECT_EQ(counters.duplicates, 5000U);
  EXPECT_LE(rig.spread(), kStep + 1ms);
}

}  // namespace
}  // namespace wfdcast::stream
