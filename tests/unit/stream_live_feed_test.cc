// TsFeed at a live input: when packets leave.
#include <gtest/gtest.h>

#include "tests/unit/stream_feed_owner.h"

namespace wfdcast::stream {
namespace {

using namespace test;

// One packet of a stream: no flag but payload.
Bytes plain_packets(std::size_t count, std::uint16_t pid, std::uint8_t& continuity) {
  Bytes all;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes packet(188, 0xAA);
    packet[0] = 0x47;
    packet[1] = static_cast<std::uint8_t>(pid >> 8);
    packet[2] = static_cast<std::uint8_t>(pid);
    packet[3] = static_cast<std::uint8_t>(0x10 | (continuity++ & 15));
    all.insert(all.end(), packet.begin(), packet.end());
  }
  return all;
}

// A feed that knows the program of plain.ts (video on 0x0100) and is quiet.
class Live : public testing::Test {
 protected:
  Live() {
    const Bytes clip = read_clip("plain.ts");
    continuity = 0;
    owner.feed.push(ByteView(clip).first(3 * 188), owner.now);
    push(1);
    for (int i = 0; i < 30; ++i) step(1ms);
    quiet = owner.sent;
    owner.sent.clear();
  }
  [[nodiscard]] TsChecker checked() const {
    TsChecker checker;
    for (const Sent& packet : quiet) checker.add(packet.ts);
    for (const Sent& packet : owner.sent) checker.add(packet.ts);
    return checker;
  }
  void push(std::size_t count) { owner.feed.push(plain_packets(count, 0x100, continuity), owner.now); }
  void step(Duration by) {
    owner.now += by;
    owner.take();
  }
  // Takes at each deadline until nothing is left to send.
  void send_all(Duration limit) {
    const Time end = owner.now + limit;
    owner.take();
    while (const auto deadline = owner.feed.next_deadline()) {
      if (*deadline > end) break;
      owner.now = std::max(owner.now, *deadline);
      owner.take();
    }
  }

  std::uint8_t continuity = 0;
  Owner owner{live_options()};
  std::vector<Sent> quiet;  // what was sent before the test
};

TEST_F(Live, AShortPacketWaitsForFiveMilliseconds) {
  const Time pushed = owner.now;
  push(3);
  owner.take();
  EXPECT_TRUE(owner.sent.empty());
  EXPECT_EQ(owner.feed.next_deadline(), pushed + 5ms);
  send_all(5ms);
  ASSERT_EQ(owner.sent.size(), 1u);
  EXPECT_EQ(owner.sent[0].at, pushed + 5ms);
  EXPECT_EQ(owner.sent[0].ts.size(), 3u * 188);
}

TEST_F(Live, AFullPacketGoesAtOnce) {
  push(7);
  owner.take();
  ASSERT_EQ(owner.sent.size(), 1u);
  EXPECT_EQ(owner.sent[0].ts.size(), 7u * 188);
}

TEST_F(Live, APictureIsSpreadOverEightMilliseconds) {
  const Time pushed = owner.now;
  push(7 * 100);
  send_all(20ms);
  ASSERT_EQ(owner.sent.size(), 100u);
  Duration widest{};
  for (std::size_t i = 1; i < owner.sent.size(); ++i)
    widest = std::max(widest, owner.sent[i].at - owner.sent[i - 1].at);
  EXPECT_LE(widest, 100us);
  EXPECT_GE(owner.sent.back().at - pushed, 7ms);
  EXPECT_LE(owner.sent.back().at - pushed, 8ms);
}

TEST_F(Live, APictureThatComesInPiecesIsSpreadEvenlyToo) {
  const Time pushed = owner.now;
  for (int piece = 0; piece < 10; ++piece) {
    push(7 * 10);
    owner.take();
    owner.now += 100us;
  }
  send_all(20ms);
  ASSERT_EQ(owner.sent.size(), 100u);
  EXPECT_LE(owner.sent.back().at - pushed, 9ms);
  std::size_t most = 0;  // in a millisecond
  for (std::size_t i = 0, j = 0; i < owner.sent.size(); ++i) {
    while (owner.sent[i].at - owner.sent[j].at >= 1ms) ++j;
    most = std::max(most, i - j + 1);
  }
  EXPECT_LE(most, 25u);
}

TEST_F(Live, AFewPacketsAreNotHeldBack) {
  const Time pushed = owner.now;
  push(7 * 3);
  send_all(20ms);
  ASSERT_EQ(owner.sent.size(), 3u);
  EXPECT_LE(owner.sent.back().at - pushed, 2ms);
}

TEST_F(Live, AnEvenInputIsNotDelayed) {
  for (int i = 0; i < 50; ++i) {
    push(7);
    owner.take();
    EXPECT_GE(owner.sent.size(), static_cast<std::size_t>(i + 1));
    owner.now += 1ms;
  }
}

TEST_F(Live, PsiIsRepeatedWhileTheInputIsSilentForASecond) {
  send_all(10s);
  TsChecker checker = owner.checked();
  EXPECT_GE(checker.packets[0], 10);
  EXPECT_LE(checker.packets[0], 14);
  for (std::size_t i = 1; i < owner.sent.size(); ++i)
    EXPECT_LE(owner.sent[i].at - owner.sent[i - 1].at, 100ms);
  EXPECT_FALSE(owner.feed.next_deadline());
}

TEST_F(Live, WhatTheOwnerDoesNotTakeIsDroppedAndCounted) {
  for (int i = 0; i < 40; ++i) push(7 * 100);
  EXPECT_GT(owner.feed.counters().overruns, 2500u);
  send_all(1s);
  EXPECT_LE(owner.sent.size(), 1500u);
  EXPECT_GE(owner.sent.size() * 1316, 1'500'000u);
  push(7);
  send_all(10ms);
  EXPECT_TRUE(checked().problems.empty()) << *checked().problems.begin();
}

TEST_F(Live, ThePcrIsThatOfTheTimeOfSending) {
  Owner other(live_options());
  const Bytes clip = read_clip("gst.ts");  // its PCRs stand before pictures
  std::vector<std::pair<Duration, ByteView>> pieces;
  // Cut at each PCR, with an arrival up to 3 ms late.
  std::int64_t first = -1;
  std::size_t begin = 0;
  Duration at{};
  for (std::size_t i = 0; i + 188 <= clip.size(); i += 188) {
    const std::uint8_t* p = &clip[i];
    if ((p[3] & 0x20) == 0 || p[4] == 0 || (p[5] & 0x10) == 0) continue;
    const std::int64_t pcr =
        (std::int64_t{p[6]} << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7) * 300;
    if (first >= 0) pieces.emplace_back(at, ByteView(clip).subspan(begin, i - begin));
    if (first < 0) first = pcr;
    begin = i;
    at = Duration((pcr - first) * 1000 / 27) + (i % 4) * 1ms;
  }
  other.play_live(pieces);
  TsChecker checker;
  std::vector<double> errors;  // ms
  std::size_t seen = 0;
  for (const Sent& packet : other.sent) {
    checker.add(packet.ts);
    for (; seen < checker.pcrs.size(); ++seen) {
      errors.push_back(static_cast<double>(checker.pcrs[seen] - first) / 27'000 -
                       static_cast<double>((packet.at - kStart).count()) / 1e6);
    }
  }
  ASSERT_GT(errors.size(), 20u);
  for (const double error : errors) EXPECT_NEAR(error, 0, 1.0);
  EXPECT_EQ(checker.discontinuity_flags, 0);
}

// The clip is the same each time, so that its last picture is always as far from its first.
TEST(LiveFeed, StartsOverAtTheTimeStampThatWasPromised) {
  const Bytes clip = read_clip("plain.ts");
  TsFeed feed(live_options());
  EXPECT_EQ(feed.last_pts(), std::nullopt);
  const auto end_of_run = [&] {
    feed.push(clip, kStart);
    return feed.last_pts().value();
  };
  const std::int64_t natural = end_of_run();
  constexpr std::int64_t kFirst = 5'000'000'000, kSecond = (1LL << 33) - 90'000;
  feed.restart_at(kFirst, kStart);
  const std::int64_t length = end_of_run() - kFirst;
  EXPECT_GT(length, 0);
  EXPECT_LT(length, 60 * 90'000);
  EXPECT_NE(natural, kFirst + length);
  feed.restart_at(kSecond, kStart);
  EXPECT_EQ(end_of_run(), (kSecond + length) % (1LL << 33));
}

}  // namespace
}  // namespace wfdcast::stream
