// Counts what the test program allocates, to hold "nothing is allocated a packet".
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

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

}  // namespace
}  // namespace wfdcast::stream
