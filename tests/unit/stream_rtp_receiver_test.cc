#include "stream/rtp_receiver.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/unit/stream_receiver_rig.h"

namespace wfdcast::stream {
namespace {

using test::count_up;
using test::kMedia;
using test::Rig;

// Packets leave at most this far from when they are due, on either side.
constexpr Duration kStep = 2 * RtpReceiver::kTogether;

TEST(RtpReceiver, GivesOutInOrderAtASteadyDelayAcrossBothWraps) {
  Rig rig;
  for (std::uint32_t n = 0; n < 70'000; ++n) rig.arrive(n, rig.sent(n) + 3ms);
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 70'000));
  EXPECT_LE(rig.spread(), kStep);
  EXPECT_NEAR(static_cast<double>(rig.delay_of(500) / 1us), 153'000, 1'001);
  const auto counters = rig.receiver.counters(rig.now);
  EXPECT_EQ(counters.received, 70'000U);
  EXPECT_EQ(counters.lost + counters.late + counters.duplicates + counters.foreign + counters.overflow, 0U);
  EXPECT_EQ(counters.bytes, 70'000U * kTsPacket);
  EXPECT_EQ(counters.jitter, Duration{});
  EXPECT_EQ(counters.delay, 150ms);
}

TEST(RtpReceiver, OneWakeUpServesThePacketsOfTwoMilliseconds) {
  Rig rig({.spacing = 200us});
  for (std::uint32_t n = 0; n < 5000; ++n) rig.arrive(n, rig.sent(n));
  rig.finish();
  EXPECT_EQ(rig.outputs.size(), 5000U);
  EXPECT_LE(rig.wakeups, 5000U / 10 + 10);
}

TEST(RtpReceiver, JitterAndReorderingLeaveNoMark) {
  Rig rig;
  Random random(7);
  for (std::uint32_t n = 0; n < 20'000; ++n) {
    rig.arrive(n, rig.sent(n) + std::chrono::duration_cast<Duration>(random.unit() * 40ms));
  }
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 20'000));
  EXPECT_LE(rig.spread(1000), kStep + 1ms);
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
  EXPECT_GT(rig.receiver.counters(rig.now).jitter, 5ms);
  EXPECT_TRUE(rig.events.empty());
}

TEST(RtpReceiver, APacketOlderThanTheFirstStillGoesOutFirst) {
  Rig rig;
  rig.arrive(2, rig.start + 2ms);
  rig.arrive(0, rig.start + 3ms);
  rig.arrive(1, rig.start + 4ms);
  rig.arrive(3, rig.start + 5ms);
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 4));
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
  EXPECT_EQ(rig.receiver.report_block(rig.now)->cumulative_lost, 0);
}

TEST(RtpReceiver, ABurstHeldBackByWifiLeavesNoMarkWhenItFitsTheLatency) {
  Rig rig({.latency = 350ms});
  for (std::uint32_t n = 0; n < 10'000; ++n) {
    const bool held = n % 2000 >= 1000 && n % 2000 < 1300;
    rig.arrive(n, held ? rig.sent(n - n % 2000 + 1300) + 2ms : rig.sent(n) + 2ms);
  }
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 10'000));
  EXPECT_LE(rig.spread(), kStep);
  EXPECT_EQ(rig.receiver.counters(rig.now).late, 0U);
}

TEST(RtpReceiver, ABurstHeldBeyondTheLatencyIsLateAndNotLost) {
  Rig rig;
  for (std::uint32_t n = 0; n < 4000; ++n) {
    const bool held = n >= 1000 && n < 1300;
    rig.arrive(n, held ? rig.sent(1300) : rig.sent(n));
  }
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 4000));
  const auto counters = rig.receiver.counters(rig.now);
  EXPECT_EQ(counters.lost, 0U);
  // Those that were due before 1300 ms: 1000 to 1149.
  EXPECT_EQ(counters.late, 150U);
  EXPECT_NEAR(static_cast<double>(rig.delay_of(3999) / 1us), 150'000, 1'001);
}

TEST(RtpReceiver, TheFirstPacketsMayBeLate) {
  Rig rig;
  rig.arrive(0, rig.start + 120ms);
  for (std::uint32_t n = 1; n < 120; ++n) rig.arrive(n, rig.start + 120ms);
  for (std::uint32_t n = 120; n < 3000; ++n) rig.arrive(n, rig.sent(n) + 1ms);
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 3000));
  EXPECT_LE(rig.spread(), kStep);
  EXPECT_NEAR(static_cast<double>(rig.delay_of(2999) / 1us), 151'000, 1'001);
}

TEST(RtpReceiver, LossIsCountedOnceAndWhenItIsDue) {
  Rig rig;
  for (std::uint32_t n = 0; n < 1000; ++n) {
    if (n != 100 && (n < 500 || n >= 520)) rig.arrive(n, rig.sent(n));
  }
  rig.play();
  // 999 ms have passed; what was sent before 850 ms is out.
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 21U);
  rig.finish();
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 21U);
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 979U);
  EXPECT_EQ(rig.outputs.size(), 979U);
}

TEST(RtpReceiver, AGapIsNotLostBeforeItIsDue) {
  Rig rig;
  for (const std::uint32_t n : {0U, 1U, 3U}) rig.arrive(n, rig.sent(n));
  rig.play();
  rig.run_until(rig.start + 151ms);
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
  rig.give(rig.datagram(2, rig.rtp_at(2ms)));
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 4));
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
}

TEST(RtpReceiver, SilenceIsNotLoss) {
  Rig rig;
  for (std::uint32_t n = 0; n < 100; ++n) rig.arrive(n, rig.sent(n));
  rig.finish();
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
  EXPECT_FALSE(rig.receiver.next_deadline());
}

TEST(RtpReceiver, APacketBehindItsTurnIsLateAndLostOnce) {
  Rig rig;
  for (std::uint32_t n = 0; n < 1000; ++n) {
    if (n != 100) rig.arrive(n, rig.sent(n));
  }
  rig.arrive(100, rig.sent(400));
  rig.arrive(100, rig.sent(401));
  rig.finish();
  const auto counters = rig.receiver.counters(rig.now);
  EXPECT_EQ(counters.lost, 1U);
  EXPECT_EQ(counters.late, 1U);
  EXPECT_EQ(counters.duplicates, 1U);
  EXPECT_EQ(counters.received, 1000U);
  EXPECT_EQ(rig.outputs.size(), 999U);
}

TEST(RtpReceiver, CopiesByBothPathsGoOutOnce) {
  Rig rig;
  for (std::uint32_t n = 0; n < 2000; ++n) {
    rig.arrive(n, rig.sent(n) + 1ms);
    rig.arrive(n, rig.sent(n) + (n % 3 == 0 ? 0ms : 80ms), Delivery::Multicast);
  }
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 2000));
  EXPECT_EQ(rig.receiver.counters(rig.now).duplicates, 2000U);
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 2000U);
}

TEST(RtpReceiver, APictureLossIsToldAtMostTwiceASecond) {
  Rig rig;
  for (std::uint32_t n = 0; n < 3000; ++n) {
    if (n % 100 != 50) rig.arrive(n, rig.sent(n));
  }
  rig.finish();
  const auto times = rig.times_of<PictureLost>();
  ASSERT_GE(times.size(), 5U);
  EXPECT_LE(times.size(), 7U);
  // Known when the packet behind the gap is due.
  EXPECT_LE(times.front(), rig.sent(51) + 150ms + kStep);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], 500ms);
}

TEST(RtpReceiver, FollowsADriftingSourceForAnHour) {
  for (const std::int64_t ppm : {-100, 100}) {
    Rig rig({.spacing = 20ms});
    Random random(static_cast<std::uint64_t>(ppm));
    for (std::uint32_t n = 0; n < 180'000; ++n) {
      const Duration nominal = n * 20ms;
      const Duration jitter = std::chrono::duration_cast<Duration>(random.unit() * 5ms);
      rig.arrive(n, rig.start + nominal + nominal * ppm / 1'000'000 + jitter);
    }
    rig.finish();
    ASSERT_EQ(rig.outputs.size(), 180'000U);
    EXPECT_EQ(rig.receiver.counters(rig.now).late, 0U);
    for (const std::size_t i : {30'000U, 100'000U, 179'000U}) {
      const Duration nominal = static_cast<std::int64_t>(i) * 20ms;
      const Duration delay = rig.outputs[i].at - (rig.start + nominal + nominal * ppm / 1'000'000);
      EXPECT_NEAR(static_cast<double>(delay / 1us), 150'000, 3'000) << ppm << " ppm, packet " << i;
    }
    for (std::size_t i = 1; i < rig.outputs.size(); ++i) {
      const Duration gap = rig.outputs[i].at - rig.outputs[i - 1].at;
      ASSERT_TRUE(gap > 18ms && gap < 22ms) << ppm << " ppm, packet " << i;
    }
  }
}

TEST(RtpReceiver, APathThatStaysSlowerGetsAnotherBase) {
  Rig rig;
  for (std::uint32_t n = 0; n < 10'000; ++n) rig.arrive(n, rig.sent(n) + (n < 3000 ? 0ms : 400ms));
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 10'000));
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
  EXPECT_NEAR(static_cast<double>(rig.delay_of(9'999) / 1us), 550'000, 1'001);
  EXPECT_LE(rig.receiver.counters(rig.now).late, 600U);
}

TEST(RtpReceiver, ADelayFarTooLongIsCaughtUpAtOnce) {
  Rig rig;
  for (std::uint32_t n = 0; n < 10'000; ++n) {
    rig.arrive(n, std::max(rig.sent(n) + (n < 3000 ? 1s : 0s), rig.sent(std::min(n, 3000U)) + 1s));
  }
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 10'000));
  EXPECT_NEAR(static_cast<double>(rig.delay_of(9'999) / 1us), 150'000, 1'001);
}

TEST(RtpReceiver, ATimestampJumpLosesNothingAndKeepsTheDelay) {
  for (const std::uint32_t jump : {90'000U * 60, 0U - 90'000U * 60, 90'000U * 3600 * 5}) {
    Rig rig;
    for (std::uint32_t n = 0; n < 4000; ++n) {
      RtpTime rtp = rig.rtp_at(rig.sent(n) - rig.start);
      // There, and there again; the packet before each is reordered.
      if (n >= 2000) rtp.value += jump;
      if (n >= 3000) rtp.value += jump;
      const Duration swap = n == 1999 || n == 2999 ? 3ms : 0ms;
      rig.arrive(n, rig.sent(n) + swap, Delivery::Unicast, rtp);
    }
    rig.finish();
    EXPECT_EQ(rig.numbers(), count_up(0, 4000)) << jump;
    EXPECT_LE(rig.spread(), kStep) << jump;
    EXPECT_EQ(rig.receiver.counters(rig.now).late, 0U) << jump;
    EXPECT_LE(rig.receiver.counters(rig.now).jitter, 1ms) << jump;
  }
}

TEST(RtpReceiver, AfterAPauseTheDelayIsTheSameWhetherTheClockRanOrStood) {
  for (const bool clock_ran : {true, false}) {
    Rig rig;
    for (std::uint32_t n = 0; n < 1000; ++n) rig.arrive(n, rig.sent(n));
    rig.play();
    rig.run_until(rig.now + 1s);
    rig.receiver.pause(rig.now);
    rig.run_until(rig.now + 20s);
    rig.receiver.resume(rig.now);
    const Time again = rig.now;
    const std::size_t before = rig.outputs.size();
    for (std::uint32_t n = 1000; n < 2000; ++n) {
      const Duration since = rig.sent(n) - rig.sent(1000);
      const Duration clock = clock_ran ? again - rig.start + since : rig.sent(n) - rig.start;
      rig.arrive(n, again + since, Delivery::Unicast, rig.rtp_at(clock));
    }
    rig.finish();
    EXPECT_EQ(rig.numbers(), count_up(0, 2000));
    EXPECT_EQ(rig.receiver.counters(rig.now).lost + rig.receiver.counters(rig.now).late, 0U);
    EXPECT_NEAR(static_cast<double>((rig.outputs[before].at - again) / 1us), 150'000, 1'001);
    EXPECT_LE(rig.spread(before), kStep);
  }
}

// The source stood still and nobody said so; the pause that was said is short.
TEST(RtpReceiver, TheDelayBeginsAnewWhenTheOutputRanDry) {
  for (const bool said : {true, false}) {
    Rig rig;
    for (std::uint32_t n = 0; n < 1000; ++n) rig.arrive(n, rig.sent(n));
    rig.play();
    const Duration stood = said ? 700ms : 20s;
    if (said) rig.receiver.pause(rig.now);
    rig.run_until(rig.now + stood);
    if (said) rig.receiver.resume(rig.now);
    for (std::uint32_t n = 1000; n < 3000; ++n) rig.arrive(n, rig.sent(n) + stood);
    rig.finish();
    EXPECT_EQ(rig.numbers(), count_up(0, 3000));
    EXPECT_EQ(rig.receiver.counters(rig.now).late, 0U) << said;
    EXPECT_LE(rig.spread(1000), kStep) << said;
  }
}

TEST(RtpReceiver, AFasterPathIsFollowedWithoutAStep) {
  Rig rig({.spacing = 5ms});
  for (std::uint32_t n = 0; n < 16'000; ++n) rig.arrive(n, rig.sent(n) + (n < 2000 ? 15ms : 0ms));
  rig.finish();
  EXPECT_NEAR(static_cast<double>(rig.delay_of(2000) / 1us), 165'000, 1'001);
  EXPECT_NEAR(static_cast<double>(rig.delay_of(4000) / 1us), 160'000, 1'101) << "10 s later: 5 ms less";
  EXPECT_NEAR(static_cast<double>(rig.delay_of(15'999) / 1us), 150'000, 1'001);
  for (std::size_t i = 1; i < rig.outputs.size(); ++i) {
    const Duration gap = rig.outputs[i].at - rig.outputs[i - 1].at;
    ASSERT_TRUE(gap > 4900us && gap < 5100us) << i;
  }
}

TEST(RtpReceiver, ASequenceThatStartsOverIsNoLoss) {
  Rig rig({.first_sequence = 20'000});
  const auto again = [&](std::uint32_t n) {
    auto bytes = rig.datagram(n, rig.rtp_at(rig.sent(n) - rig.start));
    bytes[2] = static_cast<std::uint8_t>(n >> 8);
    bytes[3] = static_cast<std::uint8_t>(n);
    return bytes;
  };
  for (std::uint32_t n = 0; n < 1000; ++n) {
    if (n != 500) rig.arrive(n, rig.sent(n));
  }
  rig.play();
  EXPECT_EQ(rig.receiver.report_block(rig.now)->cumulative_lost, 1);
  for (std::uint32_t n = 1000; n < 2000; ++n) {
    rig.run_until(rig.sent(n));
    rig.give(again(n));
  }
  rig.finish();
  EXPECT_EQ(rig.outputs.size(), 999U + 999U) << "the first of the new ones had no witness";
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 1U);
  const auto block = rig.receiver.report_block(rig.now);
  EXPECT_EQ(block->cumulative_lost, 0) << "the report begins anew (RFC 3550 appendix A.1)";
  EXPECT_EQ(block->fraction_lost, 0);
  EXPECT_EQ(block->highest_sequence & 0xFFFF, 1999U);
}

TEST(RtpReceiver, ALossSoonAfterAnotherIsToldWhenItMayBe) {
  Rig rig;
  for (std::uint32_t n = 0; n < 200; ++n) {
    if (n != 50 && n != 150) rig.arrive(n, rig.sent(n));
  }
  rig.finish();
  const auto times = rig.times_of<PictureLost>();
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[1] - times[0], 500ms);
}

TEST(RtpReceiver, AnOutageThatJumpsTheSequenceIsCounted) {
  Rig rig;
  for (std::uint32_t n = 0; n < 12'000; ++n) {
    if (n < 1000 || n >= 6000) rig.arrive(n, rig.sent(n));
  }
  rig.finish();
  // One more: the first packet behind the jump has no witness yet.
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 5001U);
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 6999U);
  EXPECT_EQ(rig.outputs.size(), 6999U);
  EXPECT_EQ(rig.outputs[1000].number, 6001U);
  EXPECT_LE(rig.spread(), kStep);
}

TEST(RtpReceiver, TakesOnlyTheNamedSourceAndPayloadType) {
  Rig rig;
  auto other_ssrc = rig.datagram(0, {0});
  other_ssrc[11] ^= 1;
  auto other_type = rig.datagram(0, {0});
  other_type[1] = 96;
  rig.give(other_ssrc);
  rig.give(other_type);
  EXPECT_EQ(rig.receiver.counters(rig.now).foreign, 2U);
  rig.give(rig.datagram(0, {0}));
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 1U);
}

TEST(RtpReceiver, KeepsTheFirstSourceWhenNoneIsNamed) {
  Rig rig({.media = std::nullopt});
  EXPECT_FALSE(rig.receiver.report_block(rig.now));
  auto not_ts = rig.datagram(0, {0});
  not_ts[11] ^= 3;
  not_ts.pop_back();
  rig.give(not_ts);
  rig.give(rig.datagram(0, {0}));
  auto other = rig.datagram(1, {0});
  other[11] ^= 1;
  rig.give(other);
  EXPECT_EQ(rig.receiver.counters(rig.now).foreign, 2U);
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 1U);
  EXPECT_EQ(rig.receiver.report_block(rig.now)->ssrc, kMedia);
}

TEST(RtpReceiver, PayloadIsOneToSevenWholeTsPackets) {
  Rig rig;
  const auto of_size = [&](std::size_t size) {
    auto bytes = rig.datagram(static_cast<std::uint32_t>(size), {0});
    bytes.resize(kRtpHeader + size);
    return bytes;
  };
  for (const std::size_t bad : {0U, 1U, 187U, 189U, 1315U, 1504U}) rig.give(of_size(bad));
  EXPECT_EQ(rig.receiver.counters(rig.now).foreign, 6U);
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 0U);
  rig.give(of_size(188));
  rig.give(of_size(1316));
  EXPECT_EQ(rig.receiver.counters(rig.now).received, 2U);
}

TEST(RtpReceiver, EveryCutOfADatagramIsRefused) {
  Rig rig;
  const auto whole = rig.datagram(0, {0});
  for (std::size_t size = 0; size < whole.size(); ++size) rig.give(ByteView(whole).first(size));
  EXPECT_EQ(rig.receiver.counters(rig.now).foreign, whole.size());
  EXPECT_TRUE(rig.outputs.empty());
}

TEST(RtpReceiver, AFloodGoesOutEarlyInsteadOfGrowing) {
  Rig rig({.spacing = 1us});
  for (std::uint32_t n = 0; n < 20'000; ++n) rig.arrive(n, rig.sent(n));
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 20'000));
  EXPECT_EQ(rig.receiver.counters(rig.now).overflow, 0U);
}

TEST(RtpReceiver, WhatTheOwnerDoesNotTakeIsBounded) {
  Rig rig({.spacing = 1us});
  for (std::uint32_t n = 0; n < 20'000; ++n) {
    rig.give(rig.datagram(n, rig.rtp_at(Duration{})));
  }
  EXPECT_EQ(rig.receiver.counters(rig.now).received, PacketRing::kSlots);
  EXPECT_EQ(rig.receiver.counters(rig.now).overflow, 20'000U - PacketRing::kSlots);
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, PacketRing::kSlots));
}

TEST(RtpReceiver, FiftyMegabitsForFourHundredMillisecondsFit) {
  Rig rig({.latency = 400ms, .spacing = 210us});
  for (std::uint32_t n = 0; n < 10'000; ++n) rig.arrive(n, rig.sent(n));
  rig.finish();
  EXPECT_EQ(rig.outputs.size(), 10'000U);
  EXPECT_LE(rig.spread(), kStep);
}

TEST(RtpReceiver, AnOldPacketOfTheFutureBlocksNothing) {
  Rig rig;
  for (std::uint32_t n = 0; n < 1000; ++n) {
    if (n != 500) rig.arrive(n, rig.sent(n));
  }
  // Reordered, with a timestamp an hour ahead.
  rig.arrive(500, rig.sent(503), Delivery::Unicast, rig.rtp_at(3600s));
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 1000));
  EXPECT_LE(rig.spread(), kStep + 5ms);
}

TEST(RtpReceiver, AStandingTimestampStillPlays) {
  Rig rig;
  for (std::uint32_t n = 0; n < 5000; ++n) rig.arrive(n, rig.sent(n), Delivery::Unicast, {77});
  rig.finish();
  EXPECT_EQ(rig.numbers(), count_up(0, 5000));
  EXPECT_EQ(rig.receiver.counters(rig.now).lost, 0U);
}

TEST(RtpReceiver, ReportsTellLossJitterAndTheLastSenderReport) {
  Rig rig;
  for (std::uint32_t n = 0; n < 100; ++n) {
    if (n % 4 != 1) rig.arrive(n, rig.sent(n) + (n % 2) * 2ms);
  }
  rig.play();
  rig.receiver.sender_report({.ssrc = kMedia, .ntp = 0xAAAABBBB'CCCCDDDD}, rig.now);
  rig.receiver.sender_report({.ssrc = {9}, .ntp = 0x11111111'22222222}, rig.now);
  const auto block = rig.receiver.report_block(rig.now + 250ms);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->cumulative_lost, 25);
  EXPECT_EQ(block->fraction_lost, 25 * 256 / 100);
  EXPECT_EQ(block->highest_sequence, 65'500U + 99);
  EXPECT_GT(block->jitter, 50U);
  EXPECT_EQ(block->last_sr, 0xBBBBCCCCU);
  EXPECT_EQ(block->delay_since_last_sr, 65'536U / 4);
  EXPECT_FALSE(rig.receiver.report_block(rig.now)) << "nothing came since";

  for (std::uint32_t n = 100; n < 110; ++n) rig.arrive(n, rig.sent(n));
  rig.play();
  const auto next = rig.receiver.report_block(rig.now);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->fraction_lost, 0);
  EXPECT_EQ(next->cumulative_lost, 25);
}

TEST(RtpReceiver, PlayoutReportSaysWhatTheOutputHas) {
  Rig rig;
  for (std::uint32_t n = 0; n < 500; ++n) {
    if (n != 100) rig.arrive(n, rig.sent(n));
  }
  rig.play();
  const PlayoutReport report = rig.receiver.playout_report(rig.now);
  EXPECT_EQ(report.ssrc, Ssrc{2});
  EXPECT_EQ(report.received, 499U);
  EXPECT_EQ(report.lost, 1U);
  EXPECT_EQ(report.delay_ms, 150);
  EXPECT_NEAR(report.buffer_ms, 149, 2);
}

}  // namespace
}  // namespace wfdcast::stream
