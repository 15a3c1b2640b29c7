// Parity packets from a stranger, between packets of a stream: nothing wrong comes out, nothing grows.
#include <cstdlib>

#include "stream/rtp_receiver.h"

using namespace wfdcast;
using namespace wfdcast::stream;

// Each record: a length (1 byte, in 8s), then a datagram; every second one is media.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RtpReceiver receiver({.ssrc = {2}, .media = Ssrc{0x100}, .latency = 20ms, .repair = true});
  Time now{10s};
  receiver.group_size(3);
  receiver.resume(now);
  ByteReader in(ByteView(data, size));
  std::uint16_t sequence = 0;
  while (in.remaining() > 0) {
    std::array<std::uint8_t, kRtpHeader + kTsPacket> media{0x80, kPayloadTypeMp2t};
    store_be32(media.data(), 0x8021'0000 | sequence);
    store_be32(media.data() + 4, sequence * 90U);
    store_be32(media.data() + 8, 0x100);
    sequence = static_cast<std::uint16_t>(sequence + 1 + in.u8() % 4);
    (void)receiver.receive(media, Delivery::Multicast, now);
    const std::size_t length = std::min<std::size_t>(in.u8() * 8U, in.remaining());
    (void)receiver.receive_parity(in.bytes(length), now);
    (void)receiver.next_request(now);
    now += 1ms;
    receiver.take(now, [](ByteView ts) {
      if (ts.empty() || ts.size() % kTsPacket != 0) std::abort();
    });
    (void)receiver.tick(now);
  }
  return 0;
}
