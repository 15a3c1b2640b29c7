// IGMP messages, and when a querier asks.
#include "stream/igmp.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "stream/igmp_querier.h"

namespace wfdcast::stream {
namespace {

using testing::ElementsAre;

constexpr Ipv4Address kGroup{0xEF00'000B};  // 239.0.0.11
constexpr Ipv4Address kSource{0x0A4D'0001};

// As tcpdump of a Linux host shows them: IP header with Router Alert, then the message.
std::vector<std::uint8_t> packet(ByteView message) {
  std::vector<std::uint8_t> bytes{0x46, 0xC0, 0, 0,    0,    0, 0x40, 0, 1,    2, 0, 0,
                                  10,   77,   0, 0xFE, 0xE0, 0, 0,    1, 0x94, 4, 0, 0};
  bytes.insert(bytes.end(), message.begin(), message.end());
  return bytes;
}
std::vector<std::uint8_t> bytes_of(const IgmpMessage& message) {
  return {message.bytes().begin(), message.bytes().end()};
}

TEST(Igmp, AReportNamesTheGroup) {
  const auto v2 = membership_report(IgmpVersion::V2, kGroup, {});
  EXPECT_EQ(v2.target, kGroup);
  EXPECT_THAT(bytes_of(v2), ElementsAre(0x16, 0, 0xFA, 0xF3, 239, 0, 0, 11));
  const auto v3 = membership_report(IgmpVersion::V3, kGroup, {});
  EXPECT_EQ(v3.target, kIgmpV3Reports);
  EXPECT_THAT(bytes_of(v3), ElementsAre(0x22, 0, 0xEC, 0xF2, 0, 0, 0, 1, 2, 0, 0, 0, 239, 0, 0, 11));
}

TEST(Igmp, ASourceSpecificReportIsAlwaysV3) {
  const auto report = membership_report(IgmpVersion::V2, {0xE800'0105}, kSource);
  EXPECT_EQ(report.target, kIgmpV3Reports);
  const auto bytes = bytes_of(report);
  EXPECT_EQ(bytes.size(), 20U);
  EXPECT_THAT(std::vector(bytes.begin() + 8, bytes.end()),
              ElementsAre(1, 0, 0, 1, 232, 0, 1, 5, 10, 77, 0, 1));
}

TEST(Igmp, AQueryIsReadAsItWasWritten) {
  for (const auto version : {IgmpVersion::V2, IgmpVersion::V3}) {
    const auto query = general_query(version, 10s, 125s);
    EXPECT_EQ(query.target, kAllHosts);
    EXPECT_EQ(query.size, version == IgmpVersion::V2 ? 8U : 12U);
    EXPECT_EQ(query.bytes()[1], 100) << "tenths of a second";
    const auto heard = parse_igmp_query(packet(query.bytes()));
    ASSERT_TRUE(heard);
    EXPECT_EQ(*heard, (HeardQuery{.querier = {0x0A4D'00FE}, .group = {}}));
  }
}

TEST(Igmp, WhatIsNoQueryIsRefusedAtEveryLength) {
  const auto query = packet(general_query(IgmpVersion::V2, 10s, 125s).bytes());
  for (std::size_t size = 0; size < query.size(); ++size)
    EXPECT_FALSE(parse_igmp_query(ByteView(query).first(size))) << size;
  const auto error = [](std::vector<std::uint8_t> bytes, std::size_t at, std::uint8_t value) {
    bytes[at] = value;
    const auto result = parse_igmp_query(bytes);
    return result ? std::nullopt : std::optional(result.error());
  };
  EXPECT_EQ(error(query, 0, 0x66), IgmpError::NotIgmp) << "IPv6";
  EXPECT_EQ(error(query, 0, 0x44), IgmpError::NotIgmp) << "a header shorter than any";
  EXPECT_EQ(error(query, 0, 0x4F), IgmpError::Truncated) << "a header longer than the packet";
  EXPECT_EQ(error(query, 9, 17), IgmpError::NotIgmp) << "UDP";
  EXPECT_EQ(error(query, 24, 0x16), IgmpError::NotAQuery);
  EXPECT_EQ(error(query, 25, 99), IgmpError::BadChecksum);
}

class QuerierTest : public testing::Test {
 protected:
  // The times at which it asks in the next `length`.
  std::vector<Duration> asked(IgmpQuerier& querier, Duration length) {
    std::vector<Duration> times;
    const Time begin = now;
    for (const Time end = now + length; querier.next_deadline() <= end;) {
      now = std::max(now, querier.next_deadline());
      if (querier.tick(now)) times.push_back(now - begin);
    }
    now = begin + length;
    return times;
  }
  static IgmpQuerier::Options options(IgmpQuerier::Mode mode) {
    return {.mode = mode, .address = kSource, .interval = 125s};
  }
  Time now = Time{} + 100s;
};

TEST_F(QuerierTest, OneThatAlwaysAsksAsksTwiceAtItsStart) {
  IgmpQuerier querier(options(IgmpQuerier::Mode::Always), now);
  EXPECT_THAT(asked(querier, 300s), ElementsAre(0s, 31250ms, 156250ms, 281250ms));
}

TEST_F(QuerierTest, AStandInWaitsForTwoIntervalsOfSilence) {
  IgmpQuerier querier(options(IgmpQuerier::Mode::StandIn), now);
  EXPECT_THAT(asked(querier, 254s), ElementsAre());
  EXPECT_THAT(asked(querier, 40s), ElementsAre(1s, 32250ms));
}

TEST_F(QuerierTest, AStandInGivesWayToAnybodyAtOnce) {
  IgmpQuerier querier(options(IgmpQuerier::Mode::StandIn), now);
  (void)asked(querier, 300s);
  EXPECT_FALSE(querier.silent());
  querier.heard({kSource.value + 1}, now);
  EXPECT_TRUE(querier.silent());
  EXPECT_THAT(asked(querier, 250s), ElementsAre());
  querier.heard({kSource.value + 1}, now);
  EXPECT_THAT(asked(querier, 254s), ElementsAre()) << "each query counts";
  EXPECT_THAT(asked(querier, 2s), ElementsAre(1s)) << "it is gone";
}

TEST_F(QuerierTest, TheLowestAddressIsElected) {
  IgmpQuerier querier(options(IgmpQuerier::Mode::Always), now);
  (void)asked(querier, 200s);
  querier.heard({kSource.value + 1}, now);
  EXPECT_FALSE(querier.silent());
  querier.heard({}, now);
  EXPECT_FALSE(querier.silent()) << "a switch without an address is not elected";
  querier.heard(kSource, now);
  EXPECT_FALSE(querier.silent()) << "our own";
  querier.heard({kSource.value - 1}, now);
  EXPECT_TRUE(querier.silent());
  EXPECT_THAT(asked(querier, 254s), ElementsAre());
  EXPECT_THAT(asked(querier, 2s), ElementsAre(1s));
}

TEST_F(QuerierTest, ShortIntervalsHaveShortAnswers) {
  IgmpQuerier querier({.mode = IgmpQuerier::Mode::StandIn, .address = kSource, .interval = 2s}, now);
  EXPECT_EQ(querier.response(), 1s);
  EXPECT_EQ(querier.other_present(), 4500ms);
}

}  // namespace
}  // namespace wfdcast::stream
