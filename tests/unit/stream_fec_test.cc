#include "stream/fec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "stream/fec_decoder.h"
#include "stream/fec_policy.h"
#include "tests/unit/stream_loss_model.h"

namespace wfdcast::stream {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t kFirst = 70'000;

Bytes media(std::uint64_t number, Random& random, std::size_t cells = kTsPacketsPerRtp) {
  Bytes packet(kRtpHeader + cells * kTsPacket);
  store_be32(packet.data(), 0x8021'0000 | static_cast<std::uint16_t>(number));
  store_be32(packet.data() + 4, static_cast<std::uint32_t>(number * 95));
  for (std::size_t at = kRtpHeader; at < packet.size(); ++at)
    packet[at] = static_cast<std::uint8_t>(random.next());
  return packet;
}

struct Sent {
  std::vector<Bytes> media, columns, rows;
};
Sent send(const FecMatrix& matrix, std::size_t packets, Random& random) {
  Sent sent;
  FecEncoder encoder({});
  encoder.set_matrix(matrix);
  for (std::size_t i = 0; i < packets; ++i) {
    sent.media.push_back(media(kFirst + i, random, 1 + random.next() % kTsPacketsPerRtp));
    encoder.add(sent.media.back(), [&](FecEncoder::Kind kind, ByteView packet) {
      (kind == FecEncoder::Kind::Row ? sent.rows : sent.columns).emplace_back(packet.begin(), packet.end());
    });
  }
  return sent;
}

// What a sink with these losses has in the end.
std::set<std::size_t> left_missing(const Sent& sent, const std::set<std::size_t>& lost) {
  PacketRing ring(200);
  FecDecoder decoder;
  std::set<std::size_t> missing = lost;
  const auto insert = [&](std::uint64_t index, RtpTime timestamp, ByteView ts) {
    ring.insert(index, ts, Duration{}, 0, timestamp);
  };
  for (std::size_t i = 0; i < sent.media.size(); ++i) {
    const Bytes& packet = sent.media[i];
    if (!lost.contains(i))
      insert(kFirst + i, {load_be32(packet.data() + 4)}, ByteView(packet).subspan(kRtpHeader));
  }
  for (const auto* list : {&sent.columns, &sent.rows}) {
    for (const Bytes& bytes : *list) {
      const auto packet = parse_fec(bytes);
      EXPECT_TRUE(packet);
      if (!packet) continue;
      decoder.keep(*packet, kFirst + static_cast<std::uint16_t>(packet->base - kFirst));
      decoder.solve(ring, [&](std::uint64_t index, RtpTime timestamp, ByteView ts) {
        const Bytes& original = sent.media.at(index - kFirst);
        EXPECT_EQ(timestamp.value, load_be32(original.data() + 4));
        EXPECT_TRUE(std::ranges::equal(ts, ByteView(original).subspan(kRtpHeader)));
        missing.erase(index - kFirst);
        insert(index, timestamp, ts);
      });
    }
  }
  return missing;
}

TEST(Fec, HeaderIsThatOfTheStandard) {
  Random random(1);
  const Sent sent = send({.columns = 4, .rows = 4, .row_packets = true}, 20, random);
  ASSERT_EQ(sent.rows.size(), 5U);
  const Bytes& row = sent.rows[1];
  EXPECT_EQ(row[1], 96);
  EXPECT_EQ(row[12] << 8 | row[13], static_cast<std::uint16_t>(kFirst + 4)) << "SNBase";
  EXPECT_EQ(row[16], 0x80) << "E, and four equal payload types";
  EXPECT_EQ(row[24], 0x40) << "D";
  EXPECT_EQ(row[25], 1);
  EXPECT_EQ(row[26], 4) << "NA of a row is L";
  ASSERT_GE(sent.columns.size(), 1U);
  EXPECT_EQ(sent.columns[0][24], 0);
  EXPECT_EQ(sent.columns[0][25], 4) << "offset is L";
}

TEST(Fec, AColumnBringsBackABurstAsLongAsItsMatrixIsWide) {
  Random random(2);
  const Sent sent = send({.columns = 10, .rows = 5}, 150, random);
  EXPECT_EQ(sent.columns.size(), 20U) << "of the first two matrices";
  EXPECT_EQ(left_missing(sent, {23, 24, 25, 26, 27, 28, 29, 30, 31, 32}), std::set<std::size_t>());
  EXPECT_EQ(left_missing(sent, {23, 33}), (std::set<std::size_t>{23, 33})) << "two of one column";
}

TEST(Fec, RowsAndColumnsRecoverInChains) {
  Random random(3);
  const Sent sent = send({.columns = 5, .rows = 5, .row_packets = true}, 100, random);
  // Row 0 gives 2, so column 2 gives 7, so row 1 gives 8, so column 3 gives 13.
  EXPECT_EQ(left_missing(sent, {2, 7, 8, 13, 14}), std::set<std::size_t>());
  // Four corners of a rectangle hold each other.
  EXPECT_EQ(left_missing(sent, {0, 1, 5, 6}), (std::set<std::size_t>{0, 1, 5, 6}));
}

TEST(Fec, NothingIsSentWithoutAMatrixAndAChangeWaitsForTheEndOfOne) {
  Random random(4);
  FecEncoder encoder({});
  std::size_t packets = 0;
  const auto count = [&](FecEncoder::Kind, ByteView) { ++packets; };
  for (std::uint64_t i = 0; i < 100; ++i) encoder.add(media(i, random), count);
  EXPECT_EQ(packets, 0U);
  encoder.set_matrix(FecMatrix{.columns = 4, .rows = 4});
  for (std::uint64_t i = 100; i < 108; ++i) encoder.add(media(i, random), count);
  encoder.set_matrix(std::nullopt);
  EXPECT_TRUE(encoder.matrix());
  for (std::uint64_t i = 108; i < 200; ++i) encoder.add(media(i, random), count);
  EXPECT_FALSE(encoder.active());
  EXPECT_EQ(packets, 4U) << "the columns of the last matrix";
}

TEST(Fec, WhatBreaksTheRulesIsRefused) {
  Random random(5);
  const Bytes good = send({.columns = 4, .rows = 4, .row_packets = true}, 20, random).rows[0];
  ASSERT_TRUE(parse_fec(good));
  for (std::size_t size = 0; size <= kRtpHeader + kFecHeader; ++size)
    EXPECT_FALSE(parse_fec(ByteView(good).first(size)));
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return parse_fec(bytes).has_value();
  };
  EXPECT_FALSE(with(1, 33));
  EXPECT_FALSE(with(16, 0)) << "no extended header";
  EXPECT_FALSE(with(24, 0x48)) << "Hamming";
  EXPECT_FALSE(with(25, 0)) << "offset";
  EXPECT_FALSE(with(25, 21));
  EXPECT_FALSE(with(26, 0)) << "NA";
  EXPECT_FALSE(with(26, 21));
  EXPECT_TRUE(with(0, 0xBF)) << "recovery bits in the RTP header";
}

// Packets of one sink in a thousand that are missing in the end, with this matrix on this air.
double left_of(const FecMatrix& matrix, double loss, double burst) {
  Random random(6);
  test::LossModel air(loss, burst, 7);
  std::size_t missing = 0, packets = 0;
  for (int round = 0; round < 40; ++round) {
    const std::size_t size = matrix.columns * matrix.rows;
    const Sent sent = send(matrix, 2 * size, random);
    std::set<std::size_t> lost;
    for (std::size_t i = 0; i < size; ++i) {
      if (air.loses()) lost.insert(i);
    }
    missing += left_missing(sent, lost).size();
    packets += size;
  }
  return 1000.0 * static_cast<double>(missing) / static_cast<double>(packets);
}

FecPolicy::Report lossy(double loss, unsigned run = 1, std::uint64_t in_time = 1'000) {
  return {.loss = loss, .longest_run = run, .in_time = in_time};
}

TEST(FecPolicy, FollowsTheWorstSinkAndSendsNothingWhileTheAirIsClean) {
  FecPolicy policy;
  const Time now{100s};
  EXPECT_EQ(policy.matrix(), std::nullopt);
  policy.report({1}, lossy(0.001), now);
  EXPECT_EQ(policy.matrix(), std::nullopt);
  policy.report({2}, lossy(0.01), now);
  EXPECT_EQ(policy.matrix(), (FecMatrix{.columns = 10, .rows = 10}));
  policy.report({1}, lossy(0.1), now);
  EXPECT_EQ(policy.matrix(), (FecMatrix{.columns = 5, .rows = 5, .row_packets = true}));
  policy.report({1}, lossy(0), now + 5s);
  EXPECT_TRUE(policy.matrix()->row_packets) << "held for a while";
  policy.report({1}, lossy(0), now + 11s);
  policy.report({2}, lossy(0), now + 11s);
  EXPECT_EQ(policy.matrix(), std::nullopt);
}

TEST(FecPolicy, TheMatrixIsAsWideAsTheLongestBurstOfASinkThatNeedsIt) {
  FecPolicy policy;
  const Time now{100s};
  policy.report({1}, lossy(0.1, 16), now);
  EXPECT_EQ(policy.matrix(), (FecMatrix{.columns = 16, .rows = 5}));
  policy.report({2}, lossy(0.001, 20), now);
  EXPECT_EQ(policy.matrix()->columns, 16U) << "requests repair those of this one";
  policy.report({1}, lossy(0.1, 300), now);
  EXPECT_EQ(policy.matrix(), (FecMatrix{.columns = 20, .rows = 5})) << "the most that the standard has";
  policy.report({1}, lossy(0.1, 3), now + 5s);
  EXPECT_EQ(policy.matrix()->columns, 20U) << "held for a while";
  policy.report({1}, lossy(0.1, 3), now + 11s);
  EXPECT_EQ(policy.matrix(), (FecMatrix{.columns = 5, .rows = 5, .row_packets = true}));
  policy.report({2}, lossy(0.001, 1, 130), now + 11s);
  policy.report({1}, lossy(0.1, 16), now + 11s);
  EXPECT_EQ(policy.matrix(), (FecMatrix{.columns = 16, .rows = 4})) << "of the least buffer of all";
}

// 5 % in bursts of 6: the wide matrix costs 20 %, the one for the same loss without bursts 40 %.
TEST(FecPolicy, AMatrixForBurstsBringsBackMoreOfThemWithLess) {
  FecPolicy even, bursts;
  even.report({1}, lossy(0.05, 3), Time{});
  bursts.report({1}, lossy(0.05, 20), Time{});
  EXPECT_LT(left_of(*bursts.matrix(), 0.05, 6), 0.9 * left_of(*even.matrix(), 0.05, 6));
  EXPECT_LT(left_of(*even.matrix(), 0.05, 1), 0.2 * left_of(*bursts.matrix(), 0.05, 1));
}

TEST(FecPolicy, TwoMatricesFitTheReceiveBuffer) {
  for (const unsigned run : {1U, 12U, 300U}) {
    for (std::uint64_t in_time = 0; in_time < 250; ++in_time) {
      FecPolicy policy;
      policy.report({1}, lossy(0.01, run, in_time), Time{});
      const auto matrix = policy.matrix();
      ASSERT_EQ(matrix.has_value(), in_time >= 32) << "4 by 4 is the least";
      if (!matrix) continue;
      EXPECT_LE(2 * matrix->columns * matrix->rows, in_time);
      EXPECT_GE(std::min(matrix->columns, matrix->rows), 4U);
    }
  }
}

}  // namespace
}  // namespace wfdcast::stream
