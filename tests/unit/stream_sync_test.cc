// Synchronised playout: sinks whose clocks differ and drift give out each packet at one instant
// (stream.sync).
#include <gtest/gtest.h>

#include <cmath>

#include "stream/rtcp_compound.h"
#include "tests/unit/stream_receiver_rig.h"

namespace wfdcast::stream {
namespace {

using namespace test;

constexpr Ssrc kSink{2};

TEST(SourceClock, TheQuickestExchangeIsBelieved) {
  SourceClock clock;
  const RtpTime rtp{90'000};
  EXPECT_FALSE(clock.when(rtp));
  const NtpTime source = to_ntp(1000s);
  clock.media_clock(source, rtp);
  EXPECT_FALSE(clock.when(rtp));
  // Ours is 900 s behind; the first answer was held up for 40 ms, the second one not.
  clock.exchange(Time{100s}, Time{100s + 46ms}, to_ntp(1000s + 43ms));
  clock.exchange(Time{101s}, Time{101s + 6ms}, to_ntp(1001s + 3ms));
  EXPECT_NEAR(static_cast<double>((*clock.when(rtp) - Time{100s}).count()), 0, 2e3);
  EXPECT_NEAR(static_cast<double>((*clock.when({rtp.value + 9'000}) - Time{100s}).count()), 1e8, 2e3);
}

TEST(SourceClock, AClockThatWasSetIsLearnedAnew) {
  SourceClock clock;
  clock.media_clock(to_ntp(5000s), {0});
  clock.exchange(Time{100s}, Time{100s + 1ms}, to_ntp(1000s));
  clock.exchange(Time{101s}, Time{101s + 9ms}, to_ntp(5001s));
  EXPECT_NEAR(static_cast<double>((*clock.when({0}) - Time{100s}).count()), 4.5e6, 1e4);
}

TEST(Rtcp, ClocksTravelAsExtendedReports) {
  const std::vector<RtcpPacket> compound{ReceiverReport{.ssrc = kSink},
                                         ReceiverReference{kSink, 0x0123'4567'89AB'CDEF},
                                         ReferenceDelays{kMedia, {{kSink, 0x4567'89AB, 655}, {{4}, 1, 2}}}};
  const auto bytes = serialize(compound);
  ASSERT_EQ(bytes.size(), 8U + 20U + 36U);
  EXPECT_EQ(bytes[8 + 1], 207);
  EXPECT_EQ(bytes[8 + 8], 4) << "block type";
  EXPECT_EQ(bytes[8 + 8 + 3], 2) << "block length";
  EXPECT_EQ(bytes[8 + 20 + 8], 5);
  EXPECT_EQ(bytes[8 + 20 + 8 + 3], 6);
  const auto read = parse_rtcp(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, compound);
  for (std::size_t size = 9; size < bytes.size(); ++size) {
    const bool whole_packets = size == 8 + 20;
    EXPECT_EQ(parse_rtcp(ByteView(bytes).first(size)).has_value(), whole_packets) << size;
  }
}

// A sink by a clock that is ahead by `offset` and too fast by `drift`, behind a path of its own.
struct Screen {
  Screen(Duration clock_offset, double clock_drift, Duration path, bool sync)
      : offset(clock_offset),
        drift(clock_drift),
        transit(path),
        receiver({.ssrc = kSink, .media = kMedia, .latency = 150ms, .sync = sync}) {}
  [[nodiscard]] Time local(Time real) const {
    return real + offset +
           Duration(static_cast<Duration::rep>(static_cast<double>(real.time_since_epoch().count()) * drift));
  }
  Duration offset;
  double drift;
  Duration transit;
  RtpReceiver receiver;
  std::vector<Time> outputs;  // real time, by packet
};

// How far apart the screens give out a packet, at most, from `settled` on.
Duration spread(bool sync, Duration settled) {
  Rig source;  // makes the packets
  std::array screens{Screen(0s, 0, 3ms, sync), Screen(77s, 80e-6, 40ms, sync),
                     Screen(-20s, -60e-6, 11ms, sync)};
  constexpr std::uint32_t kPackets = 30'000;  // 30 s
  const auto ntp = [&](Time real) { return to_ntp(real.time_since_epoch() + 12345s); };
  for (Screen& screen : screens) {
    screen.outputs.resize(kPackets);
    for (std::uint32_t n = 0; n < kPackets; ++n) {
      const Time sent = source.sent(n), arrives = sent + screen.transit;
      if (n % 1000 == 50) {
        // Asked and answered, the way there as long as the way back; the answer has the source's report.
        const RtpTime rtp = source.rtp_at(sent - source.start);
        screen.receiver.sender_report({.ssrc = kMedia, .ntp = ntp(sent), .rtp = rtp}, screen.local(arrives));
        screen.receiver.clock_exchange(screen.local(sent - screen.transit), screen.local(arrives), ntp(sent));
      }
      (void)screen.receiver.receive(source.datagram(n, source.rtp_at(sent - source.start)), Delivery::Unicast,
                                    screen.local(arrives));
      screen.receiver.take(screen.local(arrives), [&](ByteView ts) {
        ByteReader in(ts.subspan(4));
        screen.outputs[in.u32()] = arrives;
      });
    }
  }
  Duration widest{};
  for (auto n = static_cast<std::uint32_t>(settled / 1ms); n < kPackets - 500; ++n) {
    const auto [first, last] =
        std::minmax({screens[0].outputs[n], screens[1].outputs[n], screens[2].outputs[n]});
    widest = std::max(widest, last - first);
  }
  return widest;
}

TEST(RtpReceiver, SynchronisedScreensShowAPacketAtOneInstant) {
  EXPECT_LT(spread(true, 5s), 5ms);
  EXPECT_GT(spread(false, 5s), 30ms) << "each by the path that it has";
}

}  // namespace
}  // namespace wfdcast::stream
