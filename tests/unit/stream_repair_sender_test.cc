// What the source sends for which requests; the whole with sinks is in stream_simulation_test.cc.
#include "stream/repair_sender.h"

#include <gtest/gtest.h>

namespace wfdcast::stream {
namespace {

constexpr Ssrc kMedia{0x100};
constexpr std::uint16_t kFirst = 65'000;
constexpr SessionId kOne{1}, kTwo{2}, kThree{3};
using Way = RepairSender::Way;

// A source that has sent packets 1 ms apart.
struct Source {
  explicit Source(std::uint64_t packets) {
    for (std::uint64_t i = 0; i < packets; ++i) send();
  }
  void send() {
    std::vector<std::uint8_t> packet(kRtpHeader + kTsPacket, 0x47);
    store_be32(packet.data(), 0x8021'0000 | static_cast<std::uint16_t>(kFirst + sent.size()));
    store_be32(packet.data() + 8, kMedia.value);
    sent.push_back(std::move(packet));
    now += 1ms;
    sender.sent(1, now);
  }
  std::uint16_t sequence(std::size_t number) const { return static_cast<std::uint16_t>(kFirst + number); }
  void ask(SessionId id, std::size_t number, std::uint16_t more = 0) {
    sender.request(id, {.ssrc = {9}, .media = kMedia, .runs = {{sequence(number), more}}}, now);
  }
  struct Answer {
    Repair::Kind kind;
    std::optional<SessionId> to;
    std::vector<std::uint8_t> packet;
  };
  // All that comes until nothing is planned any more.
  std::vector<Answer> answers() {
    std::vector<Answer> list;
    for (auto due = sender.next_deadline(); due; due = sender.next_deadline()) {
      now = std::max(now, *due);
      sender.take(
          now, [&](const Repair& r) { list.push_back({r.kind, r.to, {r.packet.begin(), r.packet.end()}}); });
    }
    return list;
  }

  std::vector<std::vector<std::uint8_t>> sent;
  Time now{100s};
  RepairSender sender{{.media = kMedia, .parity = {0x200}, .first_sequence = kFirst},
                      [this](std::uint16_t sequence) -> std::optional<ByteView> {
                        const auto number = static_cast<std::uint16_t>(sequence - kFirst);
                        return number < sent.size() ? std::optional<ByteView>(sent[number]) : std::nullopt;
                      }};
};

TEST(RepairSender, OneSinkGetsThePacketAgainAtOnceWithTheLowestBitOfTheSsrcSet) {
  Source source(1'000);
  source.sender.set_sink(kOne, Way::Unicast, 150ms);
  source.ask(kOne, 990, 1);
  const Time asked = source.now;
  const auto answers = source.answers();
  EXPECT_EQ(source.now, asked);
  ASSERT_EQ(answers.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    auto expected = source.sent[990 + i];
    expected[11] |= 1;
    EXPECT_EQ(answers[i].packet, expected);
    EXPECT_EQ(answers[i].to, kOne);
  }
  EXPECT_EQ(source.sender.retransmitted(kOne), 2U);
}

TEST(RepairSender, TheSamePacketForSeveralGoesToTheGroupOnce) {
  Source source(1'000);
  for (const SessionId id : {kOne, kTwo, kThree}) source.sender.set_sink(id, Way::Group, 150ms);
  for (const SessionId id : {kOne, kTwo, kThree}) source.ask(id, 995);
  source.ask(kTwo, 997);
  const auto answers = source.answers();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].to, std::nullopt);
  EXPECT_EQ(answers[1].to, kTwo) << "who alone misses it";
}

TEST(RepairSender, DifferentLossesAreOneParityPacket) {
  Source source(1'000);
  for (const SessionId id : {kOne, kTwo, kThree}) source.sender.set_sink(id, Way::GroupParity, 150ms);
  source.ask(kOne, 990);
  source.ask(kTwo, 991);
  source.ask(kThree, 992);
  source.ask(kThree, 993);
  const Time asked = source.now;
  auto answers = source.answers();
  EXPECT_LE(source.now - asked, 50ms) << "gathered for a third of the latency";
  ASSERT_EQ(answers.size(), 2U) << "what the worst needs";
  for (std::uint8_t i = 0; i < 2; ++i) {
    const auto parity = parse_parity(answers[i].packet);
    ASSERT_TRUE(parity);
    EXPECT_EQ(parity->index, i);
    EXPECT_EQ(parity->to_come, 1 - i);
    EXPECT_LE(static_cast<std::uint16_t>(source.sequence(990) - parity->base), 100);
  }
  // It was not enough for one of them: the next index of that window, soon.
  const auto base = parse_parity(answers[0].packet)->base;
  source.ask(kOne, 990);
  source.ask(kTwo, 991);
  const Time again = source.now;
  answers = source.answers();
  EXPECT_LE(source.now - again, RepairSender::kGatherAgain + RepairSender::kSpacing);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(parse_parity(answers[0].packet)->index, 2);
  EXPECT_EQ(parse_parity(answers[0].packet)->base, base);
}

TEST(RepairSender, WhatWasNeverSentOrIsTooOldIsCountedAndIgnored) {
  Source source(3'000);
  source.sender.set_sink(kOne, Way::Unicast, 150ms);
  source.ask(kOne, 3'000, 60'000);
  source.ask(kOne, 100, 3);
  EXPECT_TRUE(source.answers().empty());
  EXPECT_EQ(source.sender.counters().unknown, 60'001U + 4U);
  source.sender.request(kOne, {.ssrc = {9}, .media = {0x300}, .runs = {{source.sequence(2'990), 0}}},
                        source.now);
  source.sender.request(kTwo, {.ssrc = {9}, .media = kMedia, .runs = {{source.sequence(2'990), 0}}},
                        source.now);
  EXPECT_TRUE(source.answers().empty()) << "another stream, another sink";
}

// In the first second a sink that came by a later packet may ask for what was before the first one.
TEST(RepairSender, OfARunThatBeginsBeforeTheStreamOrItsHistoryTheRestIsAnswered) {
  for (const std::size_t packets : {50, 3'000}) {
    Source source(packets);
    source.sender.set_sink(kOne, Way::Unicast, 150ms);
    const std::size_t first = packets - std::min<std::size_t>(packets, RepairSender::kHistory);
    source.ask(kOne, first - 10, 12);
    const auto answers = source.answers();
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers[0].packet[3], source.sent[first][3]);
    EXPECT_EQ(source.sender.counters().unknown, 10U);
  }
}

// A NACK of 16 bytes buys no more than the stream's own rate.
TEST(RepairSender, OneSinkCannotMakeUsSendMoreThanTheStream) {
  Source source(2'500);
  source.sender.set_sink(kOne, Way::Unicast, 150ms);
  std::size_t answered = 0;
  constexpr std::size_t kMore = 3'000;
  for (std::size_t i = 0; i < kMore; ++i) {
    source.send();
    source.ask(kOne, source.sent.size() - 100, 99);
    answered += source.answers().size();
  }
  EXPECT_LE(answered, kMore + RepairSender::kSinkBurst);
  EXPECT_GE(answered, kMore);
  EXPECT_GT(source.sender.counters().limited, 0U);
}

// A long answer is under way when its first packets are asked for once more.
TEST(RepairSender, TheOldestComesFirstAndWhatWaitsIsNotPlannedTwice) {
  Source source(1'000);
  source.sender.set_sink(kOne, Way::Unicast, 150ms);
  source.ask(kOne, 950, 39);
  source.sender.take(source.now, [](const Repair&) {});
  source.ask(kOne, 950, 39);
  const auto answers = source.answers();
  ASSERT_EQ(answers.size(), 40U);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(answers[i].packet[3], source.sent[950 + i][3]);
}

TEST(RepairSender, ASinkThatLeftGetsNothing) {
  Source source(100);
  source.sender.set_sink(kOne, Way::Unicast, 150ms);
  source.ask(kOne, 90);
  source.sender.remove_sink(kOne);
  EXPECT_TRUE(source.answers().empty());
}

}  // namespace
}  // namespace wfdcast::stream
