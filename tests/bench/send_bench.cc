// The source's way from file to network without waiting: TsFeed with a clock
// that jumps, and UdpSocket, in the batches that wfdd sends.
//
//   send_bench FILE PASSES INTERFACE ADDRESS:PORT...
#include <net/if.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "platform/udp_socket.h"
#include "stream/ts_feed.h"

namespace {

using namespace wfdcast;
using stream::TsFeed;

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kBatch = 65'507 / stream::kMaxRtpPacket;  // as daemon/source_stream.cc

struct Sender {
  platform::UdpSocket& socket;
  std::vector<Endpoint> targets;
  TsFeed feed{{.pace = TsFeed::Pace::Pcr, .ssrc = {2}}};
  Time now = Time{} + 1s;

  void play(ByteView file) {
    std::array<ByteView, kBatch> out;
    while (!file.empty()) {
      while (!file.empty() && feed.wants_bytes(now)) {
        const ByteView piece = file.first(std::min(kPiece, file.size()));
        feed.push(piece, now);
        file = file.subspan(piece.size());
      }
      for (auto packets = feed.take(now, out); !packets.empty(); packets = feed.take(now, out))
        socket.send(packets, targets);
      now += 50ms;
    }
    feed.restart(now);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: send_bench FILE PASSES INTERFACE ADDRESS:PORT...\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::vector<std::uint8_t> file{std::istreambuf_iterator<char>(in), {}};
  platform::EventLoop loop;
  auto socket = platform::UdpSocket::open(loop, {.send_buffer = 512 * 1024}, nullptr);
  if (!socket ||
      !(*socket)->set_multicast_sending({.interface_index = static_cast<int>(::if_nametoindex(argv[3]))})) {
    std::fputs("send_bench: no socket\n", stderr);
    return 1;
  }
  Sender sender{.socket = **socket, .targets = {}};
  for (int i = 4; i < argc; ++i) sender.targets.push_back(parse_endpoint(argv[i]).value_or(Endpoint{}));
  const auto begin = std::chrono::steady_clock::now();
  for (int pass = std::atoi(argv[2]); pass > 0; --pass) sender.play(file);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("{\"packets\": %llu, \"send_errors\": %llu, \"seconds\": %.4f}\n",
              static_cast<unsigned long long>(sender.feed.counters().packets),
              static_cast<unsigned long long>((*socket)->send_errors()), took.count());
  return 0;
}
