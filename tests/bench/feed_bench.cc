// How much work the source's media path is: pushes a file through TsFeed as its
// owner does, but with a clock that jumps, and takes every RTP packet.
//
//   feed_bench FILE PASSES
//
// Instructions for each RTP packet: run `valgrind --tool=callgrind` with two
// counts of passes; the difference divided by that of the packets is free of
// the start's cost.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "stream/ts_feed.h"

namespace {

using namespace wfdcast;
using stream::TsFeed;

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kBatch = 65'507 / stream::kMaxRtpPacket;

struct Player {
  TsFeed feed{{.pace = TsFeed::Pace::Pcr, .ssrc = {2}}};
  Time now = Time{} + 1s;
  std::uint64_t checksum = 0;

  void take() {
    std::array<ByteView, kBatch> out;
    for (auto packets = feed.take(now, out); !packets.empty(); packets = feed.take(now, out)) {
      for (const ByteView packet : packets) checksum += packet[3];
    }
  }
  void play(ByteView file) {
    while (!file.empty()) {
      while (!file.empty() && feed.wants_bytes(now)) {
        const ByteView piece = file.first(std::min(kPiece, file.size()));
        feed.push(piece, now);
        file = file.subspan(piece.size());
      }
      take();
      now += 5ms;
    }
    feed.restart(now);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: feed_bench FILE PASSES\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::vector<std::uint8_t> file{std::istreambuf_iterator<char>(in), {}};
  Player player;
  const auto begin = std::chrono::steady_clock::now();
  for (int pass = std::atoi(argv[2]); pass > 0; --pass) player.play(file);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto& counters = player.feed.counters();
  if (counters.packets == 0) {
    std::fputs("no RTP packet came out\n", stderr);
    return 1;
  }
  std::printf(
      "packets %llu bytes %llu dropped %llu overruns %llu ns/packet %.1f checksum %llu\n",
      static_cast<unsigned long long>(counters.packets), static_cast<unsigned long long>(counters.bytes),
      static_cast<unsigned long long>(counters.dropped), static_cast<unsigned long long>(counters.overruns),
      took.count() * 1e9 / static_cast<double>(counters.packets),
      static_cast<unsigned long long>(player.checksum));
  return 0;
}
