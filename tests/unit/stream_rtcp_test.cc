#include "stream/rtcp.h"

#include <gtest/gtest.h>

#include "stream/rtcp_compound.h"
#include "stream/rtcp_schedule.h"

namespace wfdcast::stream {
namespace {

using Bytes = std::vector<std::uint8_t>;

const ReportBlock kBlock{.ssrc = {0x1111},
                         .fraction_lost = 51,
                         .cumulative_lost = -3,
                         .highest_sequence = 0x0001'0203,
                         .jitter = 42,
                         .last_sr = 0xBEEF'0001,
                         .delay_since_last_sr = 0x8000};
const SenderReport kSr{.ssrc = {0x2222},
                       .ntp = 0xE000'0000'8000'0000,
                       .rtp = {900'000},
                       .packets = 1000,
                       .octets = 1'316'000,
                       .blocks = {kBlock}};
const PlayoutReport kPlayout{.ssrc = {0x3333},
                             .received = 10,
                             .lost = 2,
                             .recovered = 3,
                             .late = 4,
                             .delay_ms = 150,
                             .buffer_ms = 120,
                             .by_retransmission = 1,
                             .by_parity = 2,
                             .longest_run = 20};

// An empty RR, then what the test adds.
Bytes after_rr(Bytes more) {
  Bytes bytes{0x80, 201, 0, 1, 0, 0, 0, 9};
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

RtcpError error_of(const Bytes& bytes) {
  const auto parsed = parse_rtcp(bytes);
  EXPECT_FALSE(parsed);
  return parsed ? RtcpError{} : parsed.error();
}

TEST(Rtcp, EveryKindComesBackAsItWas) {
  const std::vector<RtcpPacket> compound{kSr, SourceDescription{{0x2222}, "0123456789abcdef"}, kPlayout,
                                         Bye{{{0x2222}, {0x4444}}, "over"}};
  const Bytes bytes = serialize(compound);
  EXPECT_EQ(bytes.size() % 4, 0U);
  EXPECT_EQ(parse_rtcp(bytes), compound);
}

TEST(Rtcp, BytesOfAReceiverReportAreThoseOfTheRfc) {
  const std::vector<RtcpPacket> compound{ReceiverReport{{0x0102'0304}, {kBlock}}};
  EXPECT_EQ(serialize(compound),
            (Bytes{0x81, 201, 0, 7, 1, 2, 3, 4,  0,    0,    0x11, 0x11, 51, 0xFF, 0xFF, 0xFD,
                   0,    1,   2, 3, 0, 0, 0, 42, 0xBE, 0xEF, 0,    1,    0,  0,    0x80, 0}));
}

TEST(Rtcp, BytesOfAPlayoutReportAreThoseOfTheProtocol) {
  const std::vector<RtcpPacket> compound{kPlayout};
  EXPECT_EQ(serialize(compound),
            (Bytes{0x80, 204, 0, 11, 0, 0, 0x33, 0x33, 'w', 'f', 'd', 'c', 0, 0,   0, 10,
                   0,    0,   0, 2,  0, 0, 0,    3,    0,   0,   0,   4,   0, 150, 0, 120,
                   0,    0,   0, 1,  0, 0, 0,    2,    0,   0,   0,   0,   0, 20,  0, 0}));
}

TEST(Rtcp, AnyLengthOfTextIsPaddedToWords) {
  for (std::size_t length = 1; length < 260; ++length) {
    const std::string text(length, 'x');
    const std::string kept = text.substr(0, 255);
    const std::vector<RtcpPacket> compound{ReceiverReport{{1}}, SourceDescription{{1}, text},
                                           Bye{{{1}}, text}};
    const std::vector<RtcpPacket> expected{ReceiverReport{{1}}, SourceDescription{{1}, kept},
                                           Bye{{{1}}, kept}};
    EXPECT_EQ(parse_rtcp(serialize(compound)), expected) << length;
  }
}

TEST(Rtcp, UnknownTypesAndNamesAreSkipped) {
  const Bytes bytes = after_rr({0x80, 207, 0, 1, 1, 2, 3, 4,                                  // XR
                                0x80, 204, 0, 3, 0, 0, 0, 9, 'l', 'a', 't', 'e', 0, 0, 0, 0,  // another APP
                                0x81, 204, 0, 2, 0, 0, 0, 9, 'w', 'f', 'd', 'c',  // another subtype
                                0x81, 206, 0, 2, 0, 0, 0, 9, 0,   0,   0,   8});  // PLI
  EXPECT_EQ(parse_rtcp(bytes), (std::vector<RtcpPacket>{ReceiverReport{{9}}}));
}

TEST(Rtcp, AnEarlierPlayoutReportIsShorter) {
  Bytes bytes = serialize(std::vector<RtcpPacket>{ReceiverReport{{9}}, kPlayout});
  bytes[8 + 3] -= 1;
  bytes.resize(bytes.size() - 4);
  PlayoutReport earlier = kPlayout;
  earlier.longest_run = 0;
  EXPECT_EQ(parse_rtcp(bytes), (std::vector<RtcpPacket>{ReceiverReport{{9}}, earlier}));
}

TEST(Rtcp, ALaterPlayoutReportMayBeLonger) {
  Bytes bytes = serialize(std::vector<RtcpPacket>{ReceiverReport{{9}}, kPlayout});
  bytes[8 + 3] += 1;
  bytes.insert(bytes.end(), {1, 2, 3, 4});
  EXPECT_EQ(parse_rtcp(bytes), (std::vector<RtcpPacket>{ReceiverReport{{9}}, kPlayout}));
}

TEST(Rtcp, AProfileExtensionBehindTheBlocksIsSkipped) {
  EXPECT_EQ(parse_rtcp(Bytes{0x80, 201, 0, 2, 0, 0, 0, 9, 1, 2, 3, 4}),
            (std::vector<RtcpPacket>{ReceiverReport{{9}}}));
}

TEST(Rtcp, ManySdesChunksAreManyDescriptions) {
  const Bytes bytes = after_rr({0x82, 202, 0, 6,                                              //
                                0,    0,   0, 1, 2, 1, 'n', 1, 3, 'a', 'b', 'c', 0, 0, 0, 0,  // NAME, CNAME
                                0,    0,   0, 2, 1, 0, 0,   0});
  EXPECT_EQ(parse_rtcp(bytes), (std::vector<RtcpPacket>{ReceiverReport{{9}}, SourceDescription{{1}, "abc"},
                                                        SourceDescription{{2}, ""}}));
}

TEST(Rtcp, ACompoundBeginsWithAReport) {
  EXPECT_EQ(error_of({0x81, 203, 0, 1, 0, 0, 0, 9}), RtcpError::BadOrder);
  EXPECT_EQ(error_of({0x80, 33, 0, 1, 0, 0, 0, 9}), RtcpError::BadOrder);
}

TEST(Rtcp, EveryVersionIsTwo) {
  EXPECT_EQ(error_of({0x40, 201, 0, 1, 0, 0, 0, 9}), RtcpError::BadVersion);
  EXPECT_EQ(error_of(after_rr({0x00, 203, 0, 0})), RtcpError::BadVersion);
}

TEST(Rtcp, PaddingIsForTheLastPacket) {
  const std::vector<RtcpPacket> only_rr{ReceiverReport{{9}}, Bye{}};
  EXPECT_EQ(parse_rtcp(after_rr({0xA0, 203, 0, 1, 0, 0, 0, 4})), only_rr);
  EXPECT_EQ(error_of({0xA0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4}), RtcpError::BadOrder);
  EXPECT_EQ(error_of(after_rr({0xA0, 203, 0, 1, 0, 0, 0, 4, 0x80, 203, 0, 0})), RtcpError::BadOrder);
  for (const std::uint8_t padding : Bytes{0, 1, 8}) {
    EXPECT_EQ(error_of(after_rr({0xA0, 203, 0, 1, 0, 0, 0, padding})), RtcpError::BadLength);
  }
}

TEST(Rtcp, EveryCutIsRefused) {
  const Bytes whole = serialize(SinkCompound{{9}, kBlock, "cname", kPlayout, "bye"});
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    accepted += parse_rtcp(ByteView(whole).first(size)) ? 1 : 0;
  }
  // Whole packets remain after RR, SDES and APP.
  EXPECT_EQ(accepted, 3U);
}

TEST(Rtcp, CountsBeyondTheBodyAreRefused) {
  EXPECT_EQ(error_of({0x81, 201, 0, 1, 0, 0, 0, 9}), RtcpError::BadLength);
  EXPECT_EQ(error_of({0x80, 200, 0, 1, 0, 0, 0, 9}), RtcpError::BadLength);
  EXPECT_EQ(error_of(after_rr({0x82, 203, 0, 1, 0, 0, 0, 9})), RtcpError::BadLength);
  EXPECT_EQ(error_of(after_rr({0x81, 203, 0, 2, 0, 0, 0, 9, 9, 'a', 'b', 'c'})), RtcpError::BadLength);
  EXPECT_EQ(error_of(after_rr({0x81, 202, 0, 2, 0, 0, 0, 9, 1, 9, 'a', 'b'})), RtcpError::BadLength);
  EXPECT_EQ(error_of(after_rr({0x81, 202, 0, 2, 0, 0, 0, 9, 1, 2, 'a', 'b'})), RtcpError::BadLength);
  EXPECT_EQ(error_of(after_rr({0x80, 204, 0, 2, 0, 0, 0, 9, 'w', 'f', 'd', 'c'})), RtcpError::BadLength);
  EXPECT_EQ(error_of(after_rr({0x80, 204, 0, 1, 0, 0, 0, 9})), RtcpError::BadLength);
}

TEST(Rtcp, ACompoundHasAtMost32Packets) {
  const std::vector<RtcpPacket> most(kMaxRtcpPackets, ReceiverReport{{9}});
  EXPECT_EQ(parse_rtcp(serialize(most)), most);
  const std::vector<RtcpPacket> more(kMaxRtcpPackets + 1, ReceiverReport{{9}});
  EXPECT_EQ(error_of(serialize(more)), RtcpError::BadLength);
  // Skipped ones count as well, and so does each description of an SDES.
  Bytes skipped = after_rr({});
  for (std::size_t i = 0; i < kMaxRtcpPackets; ++i) skipped.insert(skipped.end(), {0x80, 207, 0, 0});
  EXPECT_EQ(error_of(skipped), RtcpError::BadLength);
  Bytes described = after_rr({});
  for (int packets = 0; packets < 2; ++packets) {
    described.insert(described.end(), {0x9F, 202, 0, 62});
    for (int i = 0; i < 31; ++i) described.insert(described.end(), {0, 0, 0, 1, 1, 0, 0, 0});
  }
  EXPECT_EQ(error_of(described), RtcpError::BadLength);
}

TEST(Rtcp, MoreBlocksThanTheCountCanSayAreLeftOut) {
  const std::vector<RtcpPacket> compound{ReceiverReport{{9}, std::vector<ReportBlock>(40, kBlock)}};
  const auto parsed = parse_rtcp(serialize(compound));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::get<ReceiverReport>(parsed->front()).blocks.size(), 31U);
}

TEST(Rtcp, RoundTripIsTheRfcsExample) {
  // RFC 3550 section 6.4.1, figure 2: 0xb710:8000 - 0xb705:2000 - 0x0005:4000 = 6.125 s.
  const ReportBlock block{.ssrc = {}, .last_sr = 0xB705'2000, .delay_since_last_sr = 0x0005'4000};
  EXPECT_EQ(round_trip(block, 0x0000'B710'8000'0000), 6125ms);
  EXPECT_EQ(round_trip(block, 0x0000'B705'2000'0000), std::nullopt) << "a delay longer than the trip";
  EXPECT_EQ(round_trip({.ssrc = {}, .delay_since_last_sr = 5}, 0x0000'B710'8000'0000), std::nullopt);
}

TEST(RtcpCompound, SourceSendsSenderReportNameAndBye) {
  EXPECT_EQ(parse_rtcp(serialize(SourceCompound{kSr, "abc", {}})),
            (std::vector<RtcpPacket>{kSr, SourceDescription{{0x2222}, "abc"}}));
  EXPECT_EQ(parse_rtcp(serialize(SourceCompound{kSr, "abc", "gone"})),
            (std::vector<RtcpPacket>{kSr, SourceDescription{{0x2222}, "abc"}, Bye{{{0x2222}}, "gone"}}));
}

TEST(RtcpCompound, SinkSendsReceiverReportNamePlayoutAndBye) {
  EXPECT_EQ(parse_rtcp(serialize(SinkCompound{{5}, {}, "abc", {}, {}})),
            (std::vector<RtcpPacket>{ReceiverReport{{5}}, SourceDescription{{5}, "abc"}}));
  EXPECT_EQ(parse_rtcp(serialize(SinkCompound{{5}, kBlock, "abc", kPlayout, ""})),
            (std::vector<RtcpPacket>{ReceiverReport{{5}, {kBlock}}, SourceDescription{{5}, "abc"}, kPlayout,
                                     Bye{{{5}}}}));
}

TEST(RtcpCompound, NtpBeginsIn1900) {
  EXPECT_EQ(to_ntp(Duration{}), std::uint64_t{2'208'988'800} << 32);
  EXPECT_EQ(to_ntp(1s + 500ms), (std::uint64_t{2'208'988'801} << 32) + 0x8000'0000);
}

// Reports of one schedule until `end`, at its deadlines.
std::vector<Time> reports(RtcpSchedule& schedule, Time end, std::size_t size) {
  std::vector<Time> times;
  while (schedule.next_deadline() < end) {
    const Time now = schedule.next_deadline();
    if (!schedule.due(now)) continue;  // reconsidered
    times.push_back(now);
    schedule.sent(size, now);
  }
  return times;
}

TEST(RtcpSchedule, TheFirstReportComesAfterHalfAnIntervalAndTheOthersAfterAWholeOne) {
  std::size_t all = 0;
  std::vector<Time> firsts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Time start{100s};
    RtcpSchedule schedule({}, seed, start);
    const Duration first = schedule.next_deadline() - start;
    EXPECT_TRUE(first >= 200ms && first < 620ms) << first / 1ms;
    firsts.push_back(schedule.next_deadline());
    EXPECT_FALSE(schedule.due(schedule.next_deadline() - 1ns));
    all += reports(schedule, start + 100s, 100).size();
  }
  EXPECT_NEAR(static_cast<double>(all), 50 * 100, 250);
  std::sort(firsts.begin(), firsts.end());
  EXPECT_EQ(std::unique(firsts.begin(), firsts.end()), firsts.end());
}

TEST(RtcpSchedule, ALateCallIsOneReport) {
  RtcpSchedule schedule({}, 1, Time{});
  EXPECT_TRUE(schedule.due(Time{1h}));
  schedule.sent(100, Time{1h});
  EXPECT_FALSE(schedule.due(Time{1h}));
}

// RFC 3550 section 6.3.1: 3/4 of 5 % is for the sinks, whatever their number.
TEST(RtcpSchedule, AllSinksTogetherUseTheirShareOfTheBandwidth) {
  for (const std::uint32_t sinks : {100U, 1'000U, 10'000U}) {
    RtcpSchedule schedule({.bandwidth = 1'000'000, .members = sinks + 1}, 7, Time{});
    constexpr std::size_t kSize = 92;  // and 28 of IP and UDP
    const auto times = reports(schedule, Time{2h}, kSize);
    const double bits = static_cast<double>(times.size()) * 120 * 8 / 7200 * sinks;
    EXPECT_LE(bits, 1'000'000 * 0.05 * 0.75 * 1.1) << sinks;
    if (sinks < 1'000) continue;
    EXPECT_GE(bits, 1'000'000 * 0.05 * 0.75 * 0.9) << sinks;
  }
}

TEST(RtcpSchedule, WhoLearnsOfManyOthersWaitsOnAndOfFewerSendsSooner) {
  const Time start{100s};
  RtcpSchedule schedule({.bandwidth = 1'000'000}, 3, start);
  const Time planned = schedule.next_deadline();
  schedule.set_members(10'000, start);
  EXPECT_FALSE(schedule.due(planned)) << "reconsidered";
  const Time later = schedule.next_deadline();
  EXPECT_GT(later, start + 5s);
  schedule.set_members(2, planned);
  EXPECT_LT(schedule.next_deadline(), start + 2s) << "reverse reconsideration";
}

TEST(Rtcp, NacksAreWhatTheirSpecificationsSay) {
  // RFC 4585 section 6.2.1: PID 1000, and 1001 and 1016 by the mask.
  const Nack mask{.ssrc = {9}, .media = {0x2222}, .runs = {{1000, 1}, {1016, 0}}};
  EXPECT_EQ(serialize(std::vector<RtcpPacket>{ReceiverReport{{9}}, mask}),
            after_rr({0x81, 205, 0, 3, 0, 0, 0, 9, 0, 0, 0x22, 0x22, 0x03, 0xE8, 0x80, 0x01}));
  // TR-06-1: APP "RIST", subtype 0, first and how many more.
  const Nack range{.form = Nack::Form::Range, .ssrc = {}, .media = {0x2222}, .runs = {{1000, 30}}};
  EXPECT_EQ(serialize(std::vector<RtcpPacket>{ReceiverReport{{9}}, range}),
            after_rr({0x80, 204, 0, 3, 0, 0, 0x22, 0x22, 'R', 'I', 'S', 'T', 0x03, 0xE8, 0, 30}));
}

TEST(Rtcp, FeedbackComesBackAsItWas) {
  const std::vector<RtcpPacket> compound{
      ReceiverReport{{9}},
      Nack{.ssrc = {9}, .media = {1}, .runs = {{65'530, 40}, {100, 0}, {102, 3}, {90, 0}}},
      Nack{.form = Nack::Form::Range, .ssrc = {}, .media = {1}, .runs = {{65'530, 40}, {7, 65'535}}},
      Echo{Echo::Kind::Request, {1}, 0x1122'3344'5566'7788, 0},
      Echo{Echo::Kind::Response, {1}, 0x1122'3344'5566'7788, 77},
      GroupSize{{1}, 5, 120, 1'000},
      kPlayout};
  EXPECT_EQ(parse_rtcp(serialize(compound)), compound);
}

TEST(Rtcp, FeedbackThatIsCutIsAnError) {
  EXPECT_EQ(error_of(after_rr({0x81, 205, 0, 1, 0, 0, 0, 9})), RtcpError::BadLength) << "NACK without media";
  EXPECT_EQ(error_of(after_rr({0x82, 204, 0, 3, 0, 0, 0, 1, 'R', 'I', 'S', 'T', 0, 0, 0, 0})),
            RtcpError::BadLength)
      << "echo";
  EXPECT_EQ(
      error_of(after_rr({0x80, 209, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0})),
      RtcpError::BadLength)
      << "a sub-report of no length";
}

TEST(Rtcp, AnEchoTellsTheRoundTrip) {
  const NtpTime sent = 0xE000'0000'8000'0000;
  const Echo echo{Echo::Kind::Response, {1}, sent, 2'000};
  EXPECT_EQ(round_trip(echo, sent + (std::uint64_t{1} << 30)), 250ms - 2ms);
  EXPECT_EQ(round_trip(echo, sent - 1), std::nullopt);
  EXPECT_EQ(round_trip(echo, sent + (std::uint64_t{11} << 32)), std::nullopt);
}

}  // namespace
}  // namespace wfdcast::stream
