// What is presumed of a silence.
#include "stream/silence.h"

#include <gtest/gtest.h>

namespace wfdcast::stream {
namespace {

constexpr Time kStart{1000s};

// A packet each millisecond up to `last`.
Silence after_steady_stream(Time last, Duration latency = 200ms) {
  Silence silence(latency);
  for (Time at = kStart; at <= last; at += 1ms) silence.arrived(0, at);
  return silence;
}

TEST(Silence, HalfOfTheLatencyWithoutAPacketIsLoss) {
  const Time last = kStart + 1s;
  Silence silence = after_steady_stream(last);
  EXPECT_EQ(silence.next_deadline(), last + 100ms);
  EXPECT_EQ(silence.presumed(last + 99ms), 0U);
  EXPECT_EQ(silence.presumed(last + 100ms), Silence::kAtOnce);
  EXPECT_EQ(silence.next_deadline(), last + 125ms) << "then more, in steps";
  EXPECT_EQ(silence.presumed(last + 101ms), Silence::kAtOnce);
  EXPECT_EQ(silence.presumed(last + 125ms), 2 * Silence::kAtOnce);
}

TEST(Silence, NoMoreIsPresumedThanWasSentAndNothingThatComesTooLate) {
  const Time last = kStart + 1s;
  Silence silence(200ms);
  for (Time at = kStart; at <= last; at += 10ms) silence.arrived(0, at);
  EXPECT_NEAR(static_cast<double>(silence.spacing() / 1us), 8'000, 2'000);
  Time now = last;
  for (auto due = silence.next_deadline(); due; due = silence.next_deadline()) {
    ASSERT_GT(*due, now);
    now = *due;
    EXPECT_LE(silence.presumed(now), 25U);
  }
  EXPECT_LT(now, last + 200ms);
}

// A packet that was on its way would else be answered by requests, these by packets, and so on for ever.
TEST(Silence, WhatStillComesAfterAPauseBeginsNone) {
  Silence silence = after_steady_stream(kStart + 1s);
  silence.pause();
  silence.arrived(0, kStart + 1001ms);
  EXPECT_FALSE(silence.next_deadline());
  EXPECT_EQ(silence.presumed(kStart + 1150ms), 0U);
  silence.resume();
  silence.arrived(0, kStart + 2s);
  EXPECT_TRUE(silence.next_deadline());
}

// Wi-Fi holds group frames until the next beacon.
TEST(Silence, WhatTheNetworkDidWithoutLossIsWaitedForTwice) {
  Silence silence(400ms);
  Time now = kStart;
  for (int beacon = 0; beacon < 10; ++beacon) {
    now += 150ms;
    for (int i = 0; i < 150; ++i) silence.arrived(0, now);
  }
  EXPECT_EQ(silence.next_deadline(), now + 300ms);
  // It is forgotten when it does so no more.
  for (const Time end = now + 3 * Silence::kMemory; now < end; now += 1ms) silence.arrived(0, now);
  EXPECT_EQ(silence.next_deadline(), now - 1ms + 200ms);
}

TEST(Silence, ThatOfALossIsNoneOfTheNetwork) {
  Silence silence = after_steady_stream(kStart + 1s);
  silence.arrived(150, kStart + 1150ms);
  EXPECT_EQ(silence.next_deadline(), kStart + 1250ms);
}

TEST(Silence, APauseIsRight) {
  Silence silence = after_steady_stream(kStart + 1s);
  silence.stop();
  EXPECT_EQ(silence.next_deadline(), std::nullopt);
  silence.arrived(0, kStart + 60s);
  EXPECT_EQ(silence.next_deadline(), kStart + 60s + 100ms) << "and says nothing about the network";
}

}  // namespace
}  // namespace wfdcast::stream
