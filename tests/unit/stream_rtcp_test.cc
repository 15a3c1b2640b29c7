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
                             .buffer_ms = 120};

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
            (Bytes{0x80, 204, 0, 7, 0, 0, 0x33, 0x33, 'w', 'f', 'd', 'c', 0, 0,   0, 10,
                   0,    0,   0, 2, 0, 0, 0,    3,    0,   0,   0,   4,   0, 150, 0, 120}));
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

TEST(RtcpSchedule, TheFirstReportComesAfterHalfAnIntervalAndTheOthersAfterAWholeOne) {
  Duration sum{};
  std::vector<Time> firsts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Time start{100s};
    RtcpSchedule schedule(seed, start);
    const Duration first = schedule.next_deadline() - start;
    EXPECT_TRUE(first >= 250ms && first < 750ms);
    firsts.push_back(schedule.next_deadline());
    for (int i = 0; i < 100; ++i) {
      const Time due = schedule.next_deadline();
      EXPECT_FALSE(schedule.due(due - 1ns));
      EXPECT_TRUE(schedule.due(due));
      const Duration interval = schedule.next_deadline() - due;
      EXPECT_TRUE(interval >= 500ms && interval < 1500ms);
      sum += interval;
    }
  }
  EXPECT_NEAR(static_cast<double>(sum / 1ms) / 5000, 1000, 20);
  std::sort(firsts.begin(), firsts.end());
  EXPECT_EQ(std::unique(firsts.begin(), firsts.end()), firsts.end());
}

TEST(RtcpSchedule, ALateCallIsOneReport) {
  RtcpSchedule schedule(1, Time{});
  EXPECT_TRUE(schedule.due(Time{1h}));
  EXPECT_FALSE(schedule.due(Time{1h}));
}

}  // namespace
}  // namespace wfdcast::stream
