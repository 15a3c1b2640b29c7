#include "stream/parity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "stream/galois.h"
#include "stream/parity_decoder.h"

namespace wfdcast::stream {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t kFirst = 70'000;  // the running number of the first packet

TEST(Galois, IsAField) {
  for (unsigned a = 1; a < 256; ++a) {
    const auto x = static_cast<std::uint8_t>(a);
    EXPECT_EQ(galois::multiply(x, galois::inverse(x)), 1);
    EXPECT_EQ(galois::multiply(x, 1), x);
    EXPECT_EQ(galois::multiply(x, 0), 0);
  }
  EXPECT_EQ(galois::multiply(0x80, 2), 0x1D) << "the polynomial is 0x11D";
}

// RTP packets of different lengths, as they were sent.
std::vector<Bytes> packets(std::size_t count, Random& random) {
  std::vector<Bytes> list;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes packet(kRtpHeader + (1 + random.next() % kTsPacketsPerRtp) * kTsPacket);
    store_be32(packet.data(), 0x8021'0000 | static_cast<std::uint16_t>(kFirst + i));
    store_be32(packet.data() + 4, static_cast<std::uint32_t>(random.next()));
    for (std::size_t at = kRtpHeader; at < packet.size(); ++at)
      packet[at] = static_cast<std::uint8_t>(random.next());
    list.push_back(std::move(packet));
  }
  return list;
}

Bytes parity_of(const std::vector<Bytes>& window, std::uint8_t index) {
  ParityEncoder encoder({8}, 100);
  encoder.begin();
  for (std::size_t i = 0; i < window.size(); ++i) encoder.add(window[i], index, static_cast<std::uint8_t>(i));
  const auto bytes = encoder.finish({.ssrc = {},
                                     .base = static_cast<std::uint16_t>(kFirst),
                                     .count = static_cast<std::uint8_t>(window.size()),
                                     .index = index,
                                     .to_come = 1},
                                    {77});
  return {bytes.begin(), bytes.end()};
}

void keep(PacketRing& ring, std::size_t number, const Bytes& packet) {
  ring.insert(kFirst + number, ByteView(packet).subspan(kRtpHeader), Duration(number), 0,
              {load_be32(packet.data() + 4)});
}

// Any `lost` packets, from any as many parity packets.
TEST(Parity, AnyLossesComeBackFromAsManyParityPackets) {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    const std::size_t count = 1 + random.next() % kMostInWindow;
    const std::size_t lost = std::min<std::size_t>(count, 1 + random.next() % 12);
    const auto window = packets(count, random);
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.next() % i]);

    PacketRing ring;
    for (std::size_t i = lost; i < count; ++i) keep(ring, order[i], window[order[i]]);
    ParityDecoder decoder;
    std::size_t back = 0;
    const auto solve = [&] {
      decoder.solve(ring, [&](std::uint64_t index, RtpTime timestamp, ByteView ts) {
        const Bytes& original = window.at(index - kFirst);
        EXPECT_EQ(timestamp.value, load_be32(original.data() + 4));
        EXPECT_TRUE(std::ranges::equal(ts, ByteView(original).subspan(kRtpHeader)));
        ++back;
      });
    };
    const std::size_t first_index = random.next() % (kMostParity - lost);
    for (std::size_t i = 0; i < lost; ++i) {
      solve();
      EXPECT_EQ(back, 0U) << "not before there are enough";
      const Bytes bytes = parity_of(window, static_cast<std::uint8_t>(first_index + i));
      const auto packet = parse_parity(bytes);
      ASSERT_TRUE(packet);
      EXPECT_TRUE(decoder.keep(*packet, kFirst));
      EXPECT_FALSE(decoder.keep(*packet, kFirst)) << "a copy";
    }
    solve();
    EXPECT_EQ(back, lost);
    EXPECT_FALSE(decoder.waiting());
  }
}

TEST(Parity, ALatePacketMakesUpForAParityPacketThatIsMissing) {
  Random random(4);
  const auto window = packets(10, random);
  PacketRing ring;
  for (std::size_t i = 2; i < 10; ++i) keep(ring, i, window[i]);
  ParityDecoder decoder;
  ASSERT_TRUE(decoder.keep(*parse_parity(parity_of(window, 0)), kFirst));
  std::vector<std::uint64_t> back;
  const auto note = [&](std::uint64_t index, RtpTime, ByteView) { back.push_back(index); };
  decoder.solve(ring, note);
  EXPECT_TRUE(back.empty());
  keep(ring, 0, window[0]);
  decoder.solve(ring, note);
  EXPECT_EQ(back, std::vector<std::uint64_t>{kFirst + 1});
}

TEST(Parity, MemoryIsBoundedWhateverComes) {
  Random random(5);
  const auto window = packets(100, random);
  const Bytes bytes = parity_of(window, 0);
  PacketRing ring;
  ParityDecoder decoder;
  for (std::uint64_t n = 0; n < 5'000; ++n) {
    auto packet = *parse_parity(bytes);
    packet.index = static_cast<std::uint8_t>(random.next() % kMostParity);
    packet.count = static_cast<std::uint8_t>(1 + random.next() % kMostInWindow);
    (void)decoder.keep(packet, random.next() % 20);
    decoder.solve(ring, [](std::uint64_t, RtpTime, ByteView ts) { EXPECT_LE(ts.size(), kMaxSymbol); });
  }
}

TEST(Parity, WhatBreaksTheRulesIsRefused) {
  Random random(6);
  const Bytes good = parity_of(packets(3, random), 2);
  ASSERT_TRUE(parse_parity(good));
  for (std::size_t size = 0; size <= kRtpHeader + kParityHeader; ++size) {
    EXPECT_FALSE(parse_parity(ByteView(good).first(size))) << size;
  }
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return parse_parity(bytes).has_value();
  };
  EXPECT_FALSE(with(1, 33)) << "payload type";
  EXPECT_FALSE(with(14, 0)) << "an empty window";
  EXPECT_FALSE(with(14, kMostInWindow + 1));
  EXPECT_FALSE(with(15, kMostParity));
  Bytes long_one = good;
  long_one.resize(kMaxParityPacket + 1);
  EXPECT_FALSE(parse_parity(long_one));
}

TEST(PacketRing, WhatWentOutCanBeFoundForAWhile) {
  Random random(7);
  const auto window = packets(30, random);
  PacketRing ring(10);
  for (std::size_t i = 0; i < 30; ++i) {
    if (i != 20) keep(ring, i, window[i]);
    if (i >= 2 && ring.front()) ring.pop();
  }
  std::size_t found = 0;
  for (std::size_t i = 0; i < 30; ++i) {
    const auto kept = ring.find(kFirst + i);
    if (!kept) continue;
    ++found;
    EXPECT_EQ(kept->ts.size(), window[i].size() - kRtpHeader);
    EXPECT_TRUE(std::ranges::equal(kept->ts, ByteView(window[i]).subspan(kRtpHeader)));
  }
  EXPECT_EQ(found, 11U) << "one is held, ten were kept";
  EXPECT_FALSE(ring.find(kFirst + 20));
  while (ring.front()) ring.pop();
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace wfdcast::stream
