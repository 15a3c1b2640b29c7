#include "stream/fec_decoder.h"

#include <algorithm>

namespace wfdcast::stream {

void FecDecoder::keep(const FecPacket& packet, std::uint64_t base) {
  Kept& kept = (*sums_)[next_++ % kMost];  // the oldest gives way
  release(kept);
  kept.base = base;
  kept.offset = packet.offset;
  kept.count = packet.count;
  kept.sum = {.length = packet.length,
              .type = packet.type,
              .timestamp = packet.timestamp,
              .longest = packet.payload.size(),
              .payload = {}};
  std::copy(packet.payload.begin(), packet.payload.end(), kept.sum.payload.begin());
  ++held_;
}

std::size_t FecDecoder::find_holes(const Kept& kept, const PacketRing& ring, std::uint64_t& missing) {
  std::size_t holes = 0;
  for (unsigned i = 0; i < kept.count && holes < 2; ++i) {
    const std::uint64_t index = kept.base + std::uint64_t{i} * kept.offset;
    if (ring.find(index)) continue;
    missing = index;
    ++holes;
  }
  return holes;
}

// False: what is left cannot be a packet of the stream.
bool FecDecoder::subtract(Kept& kept, const PacketRing& ring, std::uint64_t missing) {
  for (unsigned i = 0; i < kept.count; ++i) {
    const std::uint64_t index = kept.base + std::uint64_t{i} * kept.offset;
    if (index == missing) continue;
    const auto found = ring.find(index);
    kept.sum.add(kPayloadTypeMp2t, found->timestamp, found->ts);
  }
  const std::size_t length = kept.sum.length;
  return kept.sum.type == kPayloadTypeMp2t && length > 0 && length <= kept.sum.longest &&
         length % kTsPacket == 0;
}

}  // namespace wfdcast::stream
