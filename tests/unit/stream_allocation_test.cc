// Counts what the test program allocates, to hold "nothing is allocated a packet".
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "stream/catch_up.h"
#include "stream/fec.h"
#include "stream/repair_sender.h"
#include "stream/rtp_receiver.h"
#include "stream/ts_feed.h"
#include "tests/unit/stream_feed_owner.h"
#include "tests/unit/stream_receiver_rig.h"

namespace {
std::size_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace wfdcast::stream {
namespace {

TEST(RtpReceiver, NothingIsAllocatedForAPacket) {
  test::Rig rig;
  rig.receiver.compare_group(rig.start);
  auto bytes = rig.datagram(0, {0});
  std::uint64_t taken = 0;
  const std::size_t before = allocations;
  for (std::uint32_t n = 0; n < 400; ++n) {
    const Time now = rig.sent(n);
    const auto sequence = static_cast<std::uint16_t>(rig.options.first_sequence + n);
    bytes[2] = static_cast<std::uint8_t>(sequence >> 8);
    bytes[3] = static_cast<std::uint8_t>(sequence);
    const auto rtp = rig.rtp_at(now - rig.start).value;
    for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<std::uint8_t>(rtp >> (24 - 8 * i));
    (void)rig.receiver.receive(bytes, Delivery::Unicast, now);
    (void)rig.receiver.receive(bytes, Delivery::Multicast, now + 1us);
    rig.receiver.take(now, [&](ByteView) { ++taken; });
    (void)rig.receiver.tick(now);
    (void)rig.receiver.next_deadline();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(taken, 200U);
  EXPECT_EQ(rig.receiver.counters(rig.start).received, 400U);
  EXPECT_EQ(rig.receiver.counters(rig.start).duplicates, 400U);
}

// Pushes the clip and takes what is due, a picture's time at once.
std::uint64_t play(TsFeed& feed, ByteView clip, Time& now) {
  std::array<ByteView, 16> out;
  for (std::size_t at = 0; at < clip.size(); at += 1000) {
    feed.push(clip.subspan(at, std::min<std::size_t>(1000, clip.size() - at)), now);
    now += 16ms;
    while (!feed.take(now, out).empty()) (void)feed.next_deadline();
  }
  feed.restart(now);
  return feed.counters().packets;
}

TEST(TsFeed, NothingIsAllocatedForAPacket) {
  const auto clip = test::read_clip("b_frames.ts");
  for (const TsFeed::Options& options : {test::file_options(), test::live_options()}) {
    TsFeed feed(options);
    Time now = test::kStart;
    const std::size_t before = allocations;
    const std::uint64_t packets = play(feed, clip, now);
    EXPECT_GT(play(feed, clip, now), packets + 20);
    EXPECT_EQ(allocations, before);
  }
}

// Four sinks that miss different packets, the same one, and one by unicast, again and again.
TEST(RepairSender, NothingIsAllocatedForARepairOnceItIsWarm) {
  const test::Rig rig;
  const auto packet = rig.datagram(0, {0});
  constexpr Ssrc kMedia{0x1234'5678};
  RepairSender sender({.media = kMedia, .parity = {0x2000}},
                      [&](std::uint16_t) { return std::optional(ByteView(packet)); });
  for (std::uint32_t id = 0; id < 5; ++id) {
    sender.set_sink({id}, id < 4 ? RepairSender::Way::GroupParity : RepairSender::Way::Unicast, 150ms);
  }
  std::uint64_t repairs = 0;
  std::uint16_t next = 0;
  Nack nack{.ssrc = {2}, .media = kMedia, .runs = {{0, 0}}};
  Time now = test::kStart;
  const auto run = [&](int packets) {
    for (int i = 0; i < packets; ++i, now += 1ms) {
      sender.sent(1, now);
      ++next;
      nack.runs.front().first = static_cast<std::uint16_t>(next - 3);
      if (i % 10 < 5) sender.request({static_cast<std::uint32_t>(i % 10)}, nack, now);
      if (i % 50 == 7) sender.request({1}, nack, now);
      sender.take(now, [&](const Repair&) { ++repairs; });
      (void)sender.next_deadline();
    }
  };
  run(500);
  const std::uint64_t before_repairs = repairs;
  const std::size_t before = allocations;
  run(1000);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(repairs, before_repairs + 100);
  EXPECT_GT(sender.counters().parity, 20U);
}

TEST(FecEncoder, NothingIsAllocatedForAPacket) {
  const test::Rig rig;
  const auto packet = rig.datagram(0, {0});
  FecEncoder encoder(FecEncoder::Options{});
  encoder.set_matrix(FecMatrix{.columns = 5, .rows = 5, .row_packets = true});
  std::uint64_t made = 0;
  const auto run = [&](int packets) {
    for (int i = 0; i < packets; ++i) encoder.add(packet, [&](FecEncoder::Kind, ByteView) { ++made; });
  };
  run(100);
  const std::size_t before = allocations;
  run(200);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(made, 80U);
}

// What a sink that catches up costs at its owner's side.
TEST(TsFeed, WhatIsKeptForWhoJoinsIsNotAllocated) {
  const auto clip = test::read_clip("b_frames.ts");
  auto options = test::live_options();
  options.keep_picture = 4 << 20;
  TsFeed feed(options);
  Time now = test::kStart;
  (void)play(feed, clip, now);
  const std::size_t before = allocations;
  (void)play(feed, clip, now);
  std::size_t bytes = 0;
  for (std::uint64_t number = *feed.key_picture(); number < feed.taken(); ++number)
    bytes += feed.packet(number)->size();
  EXPECT_GT(bytes, 10'000U);
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace wfdcast::stream
