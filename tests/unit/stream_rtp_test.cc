#include "stream/rtp.h"

#include <gtest/gtest.h>

#include <vector>

namespace wfdcast::stream {
namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes kPlain = {0x80, 0xA1, 0x12, 0x34, 0, 0, 0, 9, 0xDE, 0xAD, 0xBE, 0xEF, 0x47, 1, 2, 3};

Bytes padded(std::uint8_t padding) {
  Bytes bytes = kPlain;
  bytes[0] |= 0x20;
  bytes.back() = padding;
  return bytes;
}

TEST(ParseRtp, FixedHeaderAndPayload) {
  const auto packet = parse_rtp(kPlain);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload_type, kPayloadTypeMp2t);
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->timestamp.value, 9u);
  EXPECT_EQ(packet->ssrc.value, 0xDEADBEEFu);
  EXPECT_EQ(Bytes(packet->payload.begin(), packet->payload.end()), Bytes({0x47, 1, 2, 3}));
}

TEST(ParseRtp, EveryShorterHeaderIsRefused) {
  for (std::size_t size = 0; size < kRtpHeader; ++size) EXPECT_FALSE(parse_rtp(ByteView(kPlain).first(size)));
  const auto empty = parse_rtp(ByteView(kPlain).first(kRtpHeader));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->payload.empty());
}

TEST(ParseRtp, OnlyVersionTwo) {
  for (const int version : {0, 1, 3}) {
    Bytes bytes = kPlain;
    bytes[0] = static_cast<std::uint8_t>(version << 6);
    EXPECT_FALSE(parse_rtp(bytes)) << version;
  }
}

TEST(ParseRtp, PayloadBehindCsrcsAndExtension) {
  Bytes bytes = kPlain;
  bytes[0] = 0x92;  // extension, two CSRCs
  const Bytes inserted = {1, 1, 1, 1, 2, 2, 2, 2, 0xBE, 0xDE, 0, 1, 3, 3, 3, 3};
  bytes.insert(bytes.begin() + kRtpHeader, inserted.begin(), inserted.end());
  const auto packet = parse_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload.size(), 4u);
  EXPECT_EQ(packet->payload[0], 0x47);
  for (std::size_t cut = 1; cut <= inserted.size(); ++cut) {
    EXPECT_FALSE(parse_rtp(ByteView(bytes).first(kRtpHeader + inserted.size() - cut)));
  }
}

TEST(ParseRtp, PaddingIsCutOff) {
  EXPECT_EQ(parse_rtp(padded(1))->payload.size(), 3u);
  EXPECT_EQ(parse_rtp(padded(4))->payload.size(), 0u);
  EXPECT_FALSE(parse_rtp(padded(0)));
  EXPECT_FALSE(parse_rtp(padded(5)));
}

TEST(RtpPacketizer, WritesWhatTheParserReads) {
  RtpPacketizer packetizer({0xDEADBEEE}, 0xFFFF);
  const Bytes ts(3 * kTsPacket, 0x47);
  RtpBuffer buffer;
  const ByteView first = packetizer.packetize(ts, {77}, buffer);
  EXPECT_EQ(first.size(), kRtpHeader + ts.size());
  const auto packet = parse_rtp(first);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->sequence, 0xFFFF);
  EXPECT_EQ(packet->timestamp.value, 77u);
  EXPECT_EQ(packet->ssrc.value, 0xDEADBEEEu);
  EXPECT_EQ(packet->payload_type, kPayloadTypeMp2t);
  EXPECT_FALSE(packet->marker);
  EXPECT_EQ(Bytes(packet->payload.begin(), packet->payload.end()), ts);
  EXPECT_EQ(packetizer.next_sequence(), 0);
}

TEST(RtpPacketizer, NeverWritesPastItsBuffer) {
  RtpPacketizer packetizer({2}, 0);
  const Bytes ts(8 * kTsPacket, 0x47);
  RtpBuffer buffer;
  EXPECT_EQ(packetizer.packetize(ts, {0}, buffer).size(), kMaxRtpPacket);
}

}  // namespace
}  // namespace wfdcast::stream
