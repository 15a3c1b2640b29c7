// CatchUp: what a sink that joins a running stream gets first. And the packets that TsFeed keeps for it.
#include "stream/catch_up.h"

#include <gtest/gtest.h>

#include "tests/unit/stream_feed_owner.h"
#include "tests/unit/stream_receiver_rig.h"

namespace wfdcast::stream {
namespace {

using namespace test;

constexpr SessionId kOne{1}, kTwo{2}, kThree{3};
const Time kNow = Time{} + 10s;

struct Range {
  SessionId id;
  std::uint64_t first, end;
  bool operator==(const Range&) const = default;
};

class CatchUpTest : public testing::Test {
 protected:
  std::vector<SessionId> take(std::uint64_t taken, std::uint64_t rate, Time now) {
    ranges.clear();
    return catch_up.take(taken, rate, now, [&](SessionId id, std::uint64_t first, std::uint64_t end) {
      ranges.push_back({id, first, end});
    });
  }
  CatchUp catch_up;
  std::vector<Range> ranges;
};

TEST_F(CatchUpTest, SendsEachPacketOnceAndInOrderUntilTheStreamIsReached) {
  ASSERT_TRUE(catch_up.begin(kOne, 100, kNow));
  std::uint64_t next = 100, taken = 150;
  Time now = kNow;
  std::vector<SessionId> done;
  while (done.empty()) {
    done = take(taken, 1000, now);
    ASSERT_EQ(ranges.size(), 1U);
    EXPECT_EQ(ranges[0].first, next);
    EXPECT_LE(ranges[0].end - next, 4U) << "in a millisecond";
    next = ranges[0].end;
    now = catch_up.next_deadline().value_or(now);
    ++taken;  // the stream runs on
  }
  EXPECT_EQ(done, std::vector{kOne});
  EXPECT_EQ(next, taken - 1);
  EXPECT_TRUE(catch_up.empty());
  EXPECT_LT(now - kNow, 20ms);
}

TEST_F(CatchUpTest, IsFasterThanAFastStream) {
  ASSERT_TRUE(catch_up.begin(kOne, 0, kNow));
  (void)take(1000, 5000, kNow);
  EXPECT_EQ(ranges, (std::vector{Range{kOne, 0, 20}}));
}

TEST_F(CatchUpTest, ALateTimerMakesGoodWhatItMissedButNotMore) {
  ASSERT_TRUE(catch_up.begin(kOne, 0, kNow));
  (void)take(1000, 0, kNow);
  (void)take(1000, 0, kNow + 3ms);
  EXPECT_EQ(ranges, (std::vector{Range{kOne, 4, 16}}));
  (void)take(1000, 0, kNow + 1s);
  EXPECT_EQ(ranges, (std::vector{Range{kOne, 16, 36}}));
}

TEST_F(CatchUpTest, OnlySoManyAtOnce) {
  EXPECT_TRUE(catch_up.begin(kOne, 10, kNow));
  EXPECT_TRUE(catch_up.begin(kTwo, 20, kNow));
  EXPECT_FALSE(catch_up.begin(kThree, 20, kNow));
  EXPECT_TRUE(catch_up.begin(kTwo, 30, kNow)) << "again: from the beginning";
  EXPECT_EQ(catch_up.oldest(), 10U);
  catch_up.remove(kOne);
  EXPECT_EQ(catch_up.oldest(), 30U);
  EXPECT_TRUE(catch_up.begin(kThree, 20, kNow));
  EXPECT_EQ(catch_up.give_up().size(), 2U);
  EXPECT_FALSE(catch_up.next_deadline());
}

TsFeed::Options keeping(TsFeed::Options options, std::size_t bytes) {
  options.keep_picture = bytes;
  return options;
}

TEST(TsFeed, KeepsAllSinceTheLastKeyPicture) {
  const Bytes clip = read_clip("b_frames.ts");
  for (const auto& base : {file_options(), live_options()}) {
    Owner owner(keeping(base, 4 << 20));
    EXPECT_FALSE(owner.feed.key_picture());
    owner.play_file(clip, 1000);
    const auto first = owner.feed.key_picture();
    ASSERT_TRUE(first);
    ASSERT_EQ(owner.feed.taken(), owner.sent.size());
    Bytes kept;
    for (std::uint64_t number = *first; number < owner.feed.taken(); ++number) {
      const auto packet = owner.feed.packet(number);
      ASSERT_TRUE(packet);
      const auto rtp = parse_rtp(*packet);
      EXPECT_EQ(rtp->sequence, owner.sent[number].sequence);
      EXPECT_TRUE(std::ranges::equal(rtp->payload, owner.sent[number].ts));
      kept.insert(kept.end(), rtp->payload.begin(), rtp->payload.end());
    }
    TsChecker checker;
    checker.add(kept);
    EXPECT_TRUE(checker.streams.at(0x1011).pes.at(0).random_access);
    EXPECT_FALSE(owner.feed.packet(owner.feed.taken()));
  }
}

TEST(TsFeed, KeepsNoMoreThanItsMemory) {
  const Bytes clip = read_clip("b_frames.ts");
  Owner owner(keeping(live_options(), 10 * kMaxRtpPacket));
  owner.play_file(clip, 1000);
  EXPECT_GT(owner.sent.size(), 20U);
  EXPECT_FALSE(owner.feed.key_picture());
}

// Two seconds of the stream in a quarter of the time, then the stream.
TEST(RtpReceiver, WhatIsSentFasterToCatchUpEndsAtTheUsualDelay) {
  Rig rig;
  constexpr std::uint32_t kBehind = 2000;
  const Time joined = rig.sent(kBehind);
  std::uint32_t n = 0;
  for (Time now = joined; rig.sent(n) < now; now += 1ms) {
    for (int i = 0; i < 4; ++i, ++n) rig.arrive(n, now);
  }
  const std::uint32_t caught_up = n;
  for (; n < caught_up + 3000; ++n) rig.arrive(n, rig.sent(n));
  rig.play();
  rig.run_until(rig.sent(n) + 1s);
  ASSERT_EQ(rig.outputs.size(), n);
  EXPECT_LT(rig.outputs.front().at - joined, 100ms) << "the first picture does not wait for the buffer";
  for (std::uint32_t i = caught_up + 500; i < n; ++i) {
    EXPECT_NEAR(static_cast<double>((rig.outputs[i].at - rig.sent(i)).count()), 150e6, 5e6) << i;
  }
}

}  // namespace
}  // namespace wfdcast::stream
