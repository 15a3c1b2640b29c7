#include "daemon/group_cipher.h"

#include <gtest/gtest.h>

namespace wfdcast::daemon {
namespace {

constexpr Ssrc kMedia{0x0a0b0c0e};
constexpr Time kStart{1h};

std::vector<std::uint8_t> rtp(std::uint16_t sequence) {
  std::vector<std::uint8_t> packet(200, 7);
  ByteWriter out(packet);
  out.u16(0x8021);
  out.u16(sequence);
  out.u32(0);
  out.u32(kMedia.value);
  return packet;
}

// Keys 1, 2, 3, ...
GroupCipher cipher(std::uint16_t first = 10) {
  return GroupCipher({.media = kMedia, .first = first, .parity = {20}, .column = {22}, .row = {24}},
                     [number = std::uint8_t{0}]() mutable {
                       SrtpKey key;
                       key.key.fill(++number);
                       return key;
                     });
}

bool reads(security::GroupKeyRing& ring, ByteView wire) {
  std::array<std::uint8_t, 1500> memory;
  return !ring.unprotect_rtp(wire, memory, kStart).empty();
}
bool sends_to(GroupCipher& source, security::GroupKeyRing& ring, std::uint16_t sequence) {
  const auto plain = rtp(sequence);
  const ByteView view(plain);
  return reads(ring, source.protect({&view, 1}).front());
}

TEST(GroupCipher, ANewcomerReadsAtOnce) {
  GroupCipher source = cipher(65535);
  security::GroupKeyRing early(1s), late(1s);
  early.add(source.key());
  EXPECT_TRUE(sends_to(source, early, 65535));
  EXPECT_TRUE(sends_to(source, early, 0));
  late.add(source.key());
  EXPECT_TRUE(sends_to(source, late, 1));
}

TEST(GroupCipher, TheKeyChangesWhenAllHaveIt) {
  GroupCipher source = cipher();
  security::GroupKeyRing one(1s), two(1s), gone(1s);
  for (auto* ring : {&one, &two, &gone}) ring->add(source.key());
  const GroupKey next = source.change({{1}, {2}});
  one.add(next);
  two.add(next);
  source.accepted({1}, next.mki);
  EXPECT_EQ(source.mki(), 1U);
  EXPECT_TRUE(sends_to(source, gone, 10));
  source.accepted({2}, next.mki - 1);  // an answer to an older one
  EXPECT_EQ(source.mki(), 1U);
  source.accepted({2}, next.mki);
  EXPECT_EQ(source.mki(), 2U);
  const auto plain = rtp(11);
  const ByteView view(plain);
  const ByteView wire = source.protect({&view, 1}).front();
  EXPECT_TRUE(reads(one, wire) && reads(two, wire)) << "the same bytes for all";
  EXPECT_FALSE(reads(gone, wire)) << "who was not told reads no more";
}

TEST(GroupCipher, WhoLeavesIsNotWaitedFor) {
  GroupCipher source = cipher();
  (void)source.change({{1}, {2}});
  source.left({1});
  EXPECT_EQ(source.mki(), 1U);
  source.left({2});
  EXPECT_EQ(source.mki(), 2U);
  (void)source.change({});
  EXPECT_EQ(source.mki(), 3U) << "nobody to wait for";
}

TEST(GroupCipher, ARetransmissionIsTheSameBytes) {
  GroupCipher source = cipher();
  const auto plain = rtp(10), next = rtp(11);
  const auto bytes = [&](const std::vector<std::uint8_t>& packet) {
    const ByteView view(packet);
    const ByteView wire = source.protect({&view, 1}).front();
    return std::vector<std::uint8_t>(wire.begin(), wire.end());
  };
  const auto first = bytes(plain);
  (void)bytes(next);
  EXPECT_EQ(bytes(plain), first);
  EXPECT_EQ(source.key().sequence, 12);
}

TEST(GroupCipher, RepairIsReadByWhoHasTheKey) {
  GroupCipher source = cipher();
  security::GroupKeyRing ring(1s);
  ring.add(source.key());
  for (const Ssrc ssrc : {Ssrc{20}, Ssrc{22}, Ssrc{24}}) {
    auto packet = rtp(5);
    ByteWriter(ByteSpan(packet).subspan(8)).u32(ssrc.value);
    const ByteView view(packet);
    EXPECT_TRUE(reads(ring, source.protect({&view, 1}).front()));
  }
  auto fec = rtp(6);
  const ByteView column = source.named(fec, false);
  EXPECT_EQ(ByteReader(column.subspan(8)).u32(), 22U);
}

TEST(GroupCipher, ASecondChangeEndsTheFirst) {
  GroupCipher source = cipher();
  (void)source.change({{1}});
  const GroupKey second = source.change({{1}});
  EXPECT_EQ(source.mki(), 2U);
  EXPECT_EQ(second.mki, 3U);
  source.finish_change();
  EXPECT_EQ(source.key().mki, 3U);
}

}  // namespace
}  // namespace wfdcast::daemon
