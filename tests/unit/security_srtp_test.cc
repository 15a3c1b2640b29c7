#include "security/srtp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

namespace wfdcast::security {
namespace {

constexpr Time kStart{1h};
constexpr Ssrc kMedia{0x0a0b0c0e};
constexpr Duration kOverlap = 400ms;

SrtpKey key_of(std::uint8_t number) {
  SrtpKey key;
  key.key.fill(number);
  key.salt.fill(static_cast<std::uint8_t>(number + 1));
  return key;
}

std::vector<std::uint8_t> rtp(std::uint16_t sequence, Ssrc ssrc = kMedia) {
  std::vector<std::uint8_t> packet(12 + 1316, static_cast<std::uint8_t>(sequence));
  ByteWriter out(packet);
  out.u8(0x80);
  out.u8(33);
  out.u16(sequence);
  out.u32(90 * sequence);
  out.u32(ssrc.value);
  return packet;
}

std::vector<std::uint8_t> rtcp(Ssrc ssrc) {
  std::vector<std::uint8_t> packet(28);
  ByteWriter out(packet);
  out.u8(0x80);
  out.u8(200);
  out.u16(6);
  out.u32(ssrc.value);
  return packet;
}

using Buffer = std::array<std::uint8_t, 1500>;

std::vector<std::uint8_t> copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
std::vector<std::uint8_t> protect(SrtpSender& sender, ByteView packet) {
  Buffer buffer;
  return copy(sender.protect_rtp(packet, buffer));
}
std::vector<std::uint8_t> unprotect(SrtpReceiver& receiver, ByteView packet) {
  Buffer buffer;
  return copy(receiver.unprotect_rtp(packet, buffer));
}
std::vector<std::uint8_t> unprotect(GroupKeyRing& ring, ByteView packet, Time now = kStart) {
  Buffer buffer;
  return copy(ring.unprotect_rtp(packet, buffer, now));
}
GroupKey group_key(std::uint32_t mki, const SrtpSender& sender) {
  const PacketIndex next = sender.next_index(kMedia);
  return {.mki = mki,
          .key = key_of(static_cast<std::uint8_t>(mki)),
          .media = kMedia,
          .roc = next.roc,
          .sequence = next.sequence,
          .from = next.sequence};
}

TEST(Srtp, HasAesGcm) { EXPECT_NO_THROW(require_srtp()); }

TEST(Srtp, ComesBackAsItWas) {
  SrtpSender sender(key_of(1), std::nullopt);
  SrtpReceiver receiver(key_of(1));
  receiver.expect(kMedia, {0, 100});
  for (std::uint16_t sequence = 100; sequence < 110; ++sequence) {
    const auto plain = rtp(sequence), wire = protect(sender, plain);
    ASSERT_EQ(wire.size(), plain.size() + 16);
    EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 12, wire.begin())) << "the header stays readable";
    EXPECT_FALSE(std::equal(plain.begin() + 12, plain.end(), wire.begin() + 12));
    EXPECT_EQ(unprotect(receiver, wire), plain);
  }
}

TEST(Srtp, ForgedReplayedAndForeignPacketsAreNothing) {
  SrtpSender sender(key_of(1), std::nullopt), other(key_of(2), std::nullopt);
  SrtpReceiver receiver(key_of(1));
  receiver.expect(kMedia, {0, 1});
  const auto plain = rtp(1), wire = protect(sender, plain);
  EXPECT_TRUE(unprotect(receiver, protect(other, plain)).empty()) << "another key";
  EXPECT_TRUE(unprotect(receiver, plain).empty()) << "not protected";
  EXPECT_TRUE(unprotect(receiver, protect(sender, rtp(1, {0x0a0b0c10}))).empty()) << "another SSRC";
  for (std::size_t i = 0; i < wire.size(); i += i < 40 ? 1 : 97) {
    auto forged = wire;
    forged[i] ^= 4;
    EXPECT_TRUE(unprotect(receiver, forged).empty()) << i;
  }
  for (std::size_t size = 0; size < 40; ++size)
    EXPECT_TRUE(unprotect(receiver, ByteView(wire).first(size)).empty()) << size;
  EXPECT_EQ(unprotect(receiver, wire), plain) << "all of that has changed nothing";
  EXPECT_TRUE(unprotect(receiver, wire).empty()) << "a replay";
}

TEST(Srtp, ASourceThatTellsEverNewSsrcsIsHeardNoMore) {
  SrtpSender sender(key_of(1), std::nullopt);
  SrtpReceiver receiver(key_of(1));
  for (std::uint32_t i = 0; i < 1000; ++i) receiver.expect({1000 + i}, {});
  const std::uint32_t last = 1000 + SrtpReceiver::kMaxStreams - 1;
  EXPECT_EQ(unprotect(receiver, protect(sender, rtp(1, {last}))), rtp(1, {last}));
  EXPECT_TRUE(unprotect(receiver, protect(sender, rtp(1, {last + 1}))).empty());
}

TEST(Srtp, LatePacketsWithinTheWindowAreTaken) {
  SrtpSender sender(key_of(1), std::nullopt);
  SrtpReceiver receiver(key_of(1));
  receiver.expect(kMedia, {0, 0});
  const auto late = protect(sender, rtp(0));
  for (std::uint16_t sequence = 1; sequence < 2048; ++sequence)
    ASSERT_FALSE(unprotect(receiver, protect(sender, rtp(sequence))).empty());
  EXPECT_EQ(unprotect(receiver, late), rtp(0));
}

TEST(Srtp, WhoJoinsAfterThreeWrapsReadsAtOnce) {
  SrtpSender sender(key_of(1), 1U);
  std::uint16_t sequence = 60000;
  // A source sends them all; for libsrtp it is enough that it never skips half of the numbers.
  for (int i = 0; i < 3 * 65536; i += 8192, sequence = static_cast<std::uint16_t>(sequence + 8192))
    ASSERT_FALSE(protect(sender, rtp(sequence)).empty());
  ASSERT_FALSE(protect(sender, rtp(sequence++)).empty());
  EXPECT_EQ(sender.next_index(kMedia), (PacketIndex{3, 60001}));
  GroupKeyRing ring(kOverlap);
  ring.add(group_key(1, sender));
  EXPECT_EQ(unprotect(ring, protect(sender, rtp(sequence))), rtp(sequence));
}

TEST(Srtp, RetransmissionsAcrossAnyWrapDisturbNothing) {
  for (const std::uint32_t roc : {0U, 1U, 3U}) {
    SrtpSender sender(key_of(1), std::nullopt);
    SrtpReceiver receiver(key_of(1));
    sender.begin(kMedia, {roc, 65400});
    receiver.expect(kMedia, {roc, 65400});
    std::map<std::uint16_t, std::vector<std::uint8_t>> sent;
    std::uint16_t sequence = 65400;
    while (sender.next_index(kMedia).roc < roc + 3) {
      const auto lost = static_cast<std::uint16_t>(sequence - 60);
      if (sequence < 60 && sent.contains(lost)) {
        ASSERT_EQ(protect(sender, rtp(lost)), sent[lost]) << "not the same bytes";
      }
      const auto wire = protect(sender, rtp(sequence));
      ASSERT_EQ(unprotect(receiver, wire), rtp(sequence)) << roc << ", " << sequence;
      sent[sequence] = wire;
      const bool near_a_wrap = sequence < 100 || sequence >= 65400;
      sequence = static_cast<std::uint16_t>(near_a_wrap ? sequence + 1 : std::min(sequence + 8192, 65400));
    }
  }
}

TEST(Srtp, UnderANewKeyTheFirstPacketMayBeARetransmissionFromBeforeTheWrap) {
  for (const std::uint32_t roc : {1U, 2U}) {
    SrtpSender sender(key_of(1), std::nullopt);
    SrtpReceiver receiver(key_of(1));
    sender.begin(kMedia, {roc, 3});
    receiver.expect(kMedia, {roc, 3});
    EXPECT_EQ(unprotect(receiver, protect(sender, rtp(65530))), rtp(65530));
    for (int i = 0; i <= 65536; i += 8192) {
      const auto sequence = static_cast<std::uint16_t>(3 + i);
      ASSERT_EQ(unprotect(receiver, protect(sender, rtp(sequence))), rtp(sequence)) << roc;
    }
    EXPECT_EQ(sender.next_index(kMedia), (PacketIndex{roc + 1, 4}));
  }
}

TEST(Srtp, TheKeyMayBeToldBeforeAWrapAndTheFirstPacketComeAfterIt) {
  SrtpSender sender(key_of(1), 1U);
  for (std::uint16_t sequence = 65000; sequence != 65530; ++sequence) (void)protect(sender, rtp(sequence));
  GroupKeyRing ring(kOverlap);
  ring.add(group_key(1, sender));
  for (std::uint16_t sequence = 65530; sequence != 9; ++sequence) (void)protect(sender, rtp(sequence));
  EXPECT_EQ(unprotect(ring, protect(sender, rtp(9))), rtp(9));
}

TEST(Srtp, AForgedFirstPacketDoesNotMoveTheRollOverCounter) {
  for (const std::uint32_t roc : {0U, 3U}) {
    SrtpSender sender(key_of(1), 1U);
    sender.begin(kMedia, {roc, 65000});
    GroupKeyRing ring(kOverlap);
    ring.add(group_key(1, sender));
    auto forged = protect(sender, rtp(65000));
    ByteWriter(ByteSpan(forged).subspan(2)).u16(100);  // as if the numbers had wrapped
    EXPECT_TRUE(unprotect(ring, forged).empty());
    EXPECT_EQ(unprotect(ring, protect(sender, rtp(65001))), rtp(65001)) << roc;
  }
}

TEST(Srtp, ANewKeyFollowsWithoutAGap) {
  SrtpSender before(key_of(1), 1U), after(key_of(2), 2U);
  GroupKeyRing ring(kOverlap);
  for (std::uint16_t sequence = 65500; sequence != 65530; ++sequence) (void)protect(before, rtp(sequence));
  ring.add(group_key(1, before));
  for (std::uint16_t sequence = 65530; sequence != 65533; ++sequence)
    ASSERT_EQ(unprotect(ring, protect(before, rtp(sequence))), rtp(sequence));
  GroupKey next = group_key(1, before);
  next.mki = 2;
  next.key = key_of(2);
  ring.add(next);
  const auto late = protect(before, rtp(65533));
  after.begin(kMedia, {0, 65534});
  for (std::uint16_t sequence = 65534; sequence != 20; ++sequence)
    ASSERT_EQ(unprotect(ring, protect(after, rtp(sequence))), rtp(sequence));
  EXPECT_EQ(after.next_index(kMedia), (PacketIndex{1, 20}));
  EXPECT_EQ(unprotect(ring, late, kStart + kOverlap - 1ms), rtp(65533));
  const auto too_late = protect(before, rtp(65534));
  EXPECT_TRUE(unprotect(ring, too_late, kStart + kOverlap).empty()) << "the old key is over";
  EXPECT_EQ(ring.refused(), 1U);
}

// A retransmission to the group, which another sink asked for, is no forgery.
TEST(Srtp, APacketThatWasReadBeforeCountsAsRepeatedAndAForgedOneAsRefused) {
  SrtpSender sender(key_of(1), 1U);
  GroupKeyRing ring(kOverlap);
  ring.add(group_key(1, sender));
  const auto wire = protect(sender, rtp(0));
  ASSERT_FALSE(unprotect(ring, wire).empty());
  EXPECT_TRUE(unprotect(ring, wire).empty());
  EXPECT_EQ(ring.repeated(), 1U);
  EXPECT_EQ(ring.refused(), 0U);
  auto forged = protect(sender, rtp(1));
  forged[20] ^= 1;
  EXPECT_TRUE(unprotect(ring, forged).empty());
  EXPECT_EQ(ring.repeated(), 1U);
  EXPECT_EQ(ring.refused(), 1U);
}

TEST(Srtp, AfterALongPauseTheKeyIsToldAgain) {
  SrtpSender sender(key_of(1), 1U);
  GroupKeyRing ring(kOverlap);
  ring.add(group_key(1, sender));
  ASSERT_FALSE(unprotect(ring, protect(sender, rtp(0))).empty());
  std::uint16_t sequence = 1;
  for (int i = 0; i < 2 * 65536; i += 8192, sequence = static_cast<std::uint16_t>(sequence + 8192))
    (void)protect(sender, rtp(sequence));
  ring.add(group_key(1, sender));
  EXPECT_EQ(unprotect(ring, protect(sender, rtp(sequence))), rtp(sequence));
}

TEST(Srtp, ReportsAreProtectedToo) {
  SrtpSender sender(key_of(1), std::nullopt);
  SrtpReceiver receiver(key_of(1));
  receiver.expect(kMedia, {});
  Buffer out, back;
  for (int i = 0; i < 3; ++i) {
    const auto wire = copy(sender.protect_rtcp(rtcp(kMedia), out));
    EXPECT_EQ(wire.size(), 28U + 20U);
    EXPECT_EQ(copy(receiver.unprotect_rtcp(wire, back)), rtcp(kMedia));
    EXPECT_TRUE(receiver.unprotect_rtcp(wire, back).empty()) << "a replay";
  }
  EXPECT_TRUE(receiver.unprotect_rtcp(rtcp(kMedia), back).empty()) << "not protected";
  SrtpSender stranger(key_of(9), std::nullopt);
  EXPECT_TRUE(receiver.unprotect_rtcp(copy(stranger.protect_rtcp(rtcp(kMedia), out)), back).empty());
}

#ifndef NDEBUG
TEST(SrtpDeathTest, NoIndexIsUsedForTwoPackets) {
  SrtpSender sender(key_of(1), std::nullopt);
  const auto once = protect(sender, rtp(5));
  EXPECT_EQ(protect(sender, rtp(5)), once) << "a retransmission";
  auto other = rtp(5);
  other.back() ^= 1;
  EXPECT_DEATH((void)protect(sender, other), "entry.first");
}
#endif

}  // namespace
}  // namespace wfdcast::security
