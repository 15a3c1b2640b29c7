// FEC packets of ST 2022-1 from a stranger, between packets of a stream with losses: what is parsed keeps to
// the limits, nothing wrong comes out, nothing grows.
#include <cstdlib>

#include "stream/fec.h"
#include "stream/rtp_receiver.h"

using namespace wfdcast;
using namespace wfdcast::stream;

namespace {

void check(ByteView datagram) {
  const auto fec = parse_fec(datagram);
  if (!fec) return;
  const bool right = fec->count > 0 && fec->count <= kMostRows && fec->offset > 0 &&
                     fec->offset <= kMostColumns && !fec->payload.empty() &&
                     fec->payload.size() <= kTsPacketsPerRtp * kTsPacket;
  if (!right) std::abort();
}

}  // namespace

// Each record: packets lost (1 byte, of 4), a length (1 byte, in 8s), then a datagram of FEC.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RtpReceiver receiver({.ssrc = {2}, .media = Ssrc{0x100}, .latency = 20ms, .fec = true});
  Time now{10s};
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
    const ByteView fec = in.bytes(length);
    check(fec);
    receiver.receive_fec(fec, now);
    now += 1ms;
    receiver.take(now, [](ByteView ts) {
      if (ts.empty() || ts.size() % kTsPacket != 0) std::abort();
    });
    (void)receiver.tick(now);
  }
  return 0;
}
