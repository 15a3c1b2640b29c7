#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "stream/ts_feed.h"
#include "tests/unit/ts_checker.h"

namespace wfdcast::stream::test {

using wfdcast::test::Bytes;
using wfdcast::test::read_clip;
using wfdcast::test::TsChecker;

inline const Time kStart = Time{} + 1000s;

struct Sent {
  Time at;
  RtpTime timestamp;
  std::uint16_t sequence = 0;
  Bytes ts;
};

// Plays the owner's part: a clock that jumps from deadline to deadline.
class Owner {
 public:
  explicit Owner(TsFeed::Options options) : feed(options) {}

  // Gives the file in pieces of `piece` bytes, `passes` times, and takes what is due.
  void play_file(const Bytes& file, std::size_t piece, int passes = 1) {
    for (int pass = 0; pass < passes; ++pass) {
      if (pass > 0) feed.restart(now);
      for (std::size_t at = 0; at < file.size();) {
        while (at < file.size() && feed.wants_bytes(now)) {
          const std::size_t size = std::min(piece, file.size() - at);
          feed.push(ByteView(file).subspan(at, size), now);
          at += size;
        }
        take();
        if (at < file.size()) wait();
      }
    }
    drain();
  }
  // A live input: each piece at its time.
  void play_live(const std::vector<std::pair<Duration, ByteView>>& pieces) {
    for (const auto& [at, bytes] : pieces) {
      while (feed.next_deadline() && *feed.next_deadline() < kStart + at) {
        wait();
        take();
      }
      now = kStart + at;
      feed.push(bytes, now);
      take();
    }
    for (int i = 0; i < 100; ++i) {
      now += 1ms;
      take();
    }
  }
  void wait() {
    const auto deadline = feed.next_deadline();
    ASSERT_TRUE(deadline);
    now = std::max(now + 1us, *deadline);
  }
  void drain() {
    for (int i = 0; i < 3000; ++i) {
      now += 1ms;
      take();
    }
  }
  void take() {
    std::array<ByteView, 16> out;
    for (;;) {
      const auto packets = feed.take(now, out);
      for (const ByteView packet : packets) {
        const auto rtp = parse_rtp(packet);
        ASSERT_TRUE(rtp);
        sent.push_back({now, rtp->timestamp, rtp->sequence, Bytes(rtp->payload.begin(), rtp->payload.end())});
      }
      if (packets.size() < out.size()) return;
    }
  }
  [[nodiscard]] TsChecker checked() const {
    TsChecker checker;
    for (const Sent& packet : sent) checker.add(packet.ts);
    return checker;
  }

  TsFeed feed;
  Time now = kStart;
  std::vector<Sent> sent;
};

inline TsFeed::Options file_options() {
  return {.pace = TsFeed::Pace::Pcr,
          .ssrc = {0x1234'5678},
          .first_sequence = 65'000,
          .first_timestamp = 0xFFFF'0000};
}
inline TsFeed::Options live_options() {
  TsFeed::Options options = file_options();
  options.pace = TsFeed::Pace::Arrival;
  return options;
}

}  // namespace wfdcast::stream::test
