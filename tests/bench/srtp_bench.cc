// CPU time of SRTP: srtp_bench [PACKETS]. Each packet of 1,328 bytes is protected and read back once.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "security/srtp.h"

namespace {

using namespace wfdcast;
using namespace wfdcast::security;

constexpr Ssrc kMedia{2};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void number(ByteSpan packet, std::uint16_t sequence) { ByteWriter(packet.subspan(2)).u16(sequence); }

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  SrtpSender sender({}, 1);
  GroupKeyRing ring(1s);
  ring.add({.mki = 1, .key = {}, .media = kMedia, .roc = 0, .sequence = 0, .from = 0});
  std::array<std::uint8_t, 1328> packet{0x80, 33};
  ByteWriter(ByteSpan(packet).subspan(8)).u32(kMedia.value);
  std::array<std::uint8_t, 1536> wire, plain;
  double protecting = 0, reading = 0;
  const int batch_size = std::min(count, 1000);
  std::vector<std::vector<std::uint8_t>> batch(static_cast<std::size_t>(batch_size));
  for (int done = 0; done < count; done += batch_size) {
    double start = cpu_seconds();
    for (int i = 0; i < batch_size; ++i) {
      number(packet, static_cast<std::uint16_t>(done + i));
      const ByteView sealed = sender.protect_rtp(packet, wire);
      batch[static_cast<std::size_t>(i)].assign(sealed.begin(), sealed.end());
    }
    protecting += cpu_seconds() - start;
    start = cpu_seconds();
    for (const auto& sealed : batch) {
      if (ring.unprotect_rtp(sealed, plain, Time{}).empty()) return 1;
    }
    reading += cpu_seconds() - start;
  }
  std::printf("{\"packets\": %d, \"protect_ns\": %.0f, \"unprotect_ns\": %.0f}\n", count,
              protecting / count * 1e9, reading / count * 1e9);
  return 0;
}
