// RTCP extended reports (RFC 3611): the blocks by which receivers and source learn of each other's clocks.
#include <algorithm>
#include <span>

#include "stream/rtcp_feedback.h"

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kReference = 4, kDelays = 5;  // block types
constexpr std::size_t kHeader = 4, kSsrc = 4, kBlockHeader = 4, kNtp = 8, kDelay = 12;
constexpr std::size_t kMostDelays = 64;  // far more than the compounds of any source hold

void write_block(ByteWriter& out, std::uint8_t type, std::size_t body) {
  out.u8(type);
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(body / 4));
}

std::span<const ReferenceDelay> written(const ReferenceDelays& delays) {
  return std::span(delays.delays).first(std::min(delays.delays.size(), kMostDelays));
}

}  // namespace

bool read_extended(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  const Ssrc ssrc{in.u32()};
  while (in.ok() && in.remaining() > 0) {
    const std::uint8_t type = in.u8();
    in.skip(1);
    const std::size_t size = std::size_t{in.u16()} * 4;
    ByteReader block(in.bytes(size));
    if (!in.ok()) return false;
    if (type == kReference) {
      packets.emplace_back(ReceiverReference{ssrc, block.u64()});
    } else if (type == kDelays) {
      ReferenceDelays delays{.ssrc = ssrc};
      if (size % kDelay != 0 || size / kDelay > kMostDelays) return false;
      while (block.remaining() > 0) {
        ReferenceDelay delay{.ssrc = {block.u32()}};
        delay.reference = block.u32();
        delay.delay = block.u32();
        delays.delays.push_back(delay);
      }
      packets.emplace_back(std::move(delays));
    }
    if (!block.ok() || packets.size() > kMaxRtcpPackets) return false;
  }
  return in.ok();
}

std::size_t feedback_size(const ReceiverReference&) { return kHeader + kSsrc + kBlockHeader + kNtp; }
std::size_t feedback_size(const ReferenceDelays& delays) {
  return kHeader + kSsrc + kBlockHeader + written(delays).size() * kDelay;
}

void write_feedback(ByteWriter& out, const ReceiverReference& reference, std::size_t size) {
  write_rtcp_header(out, 0, kExtendedReport, size);
  out.u32(reference.ssrc.value);
  write_block(out, kReference, kNtp);
  out.u64(reference.ntp);
}

void write_feedback(ByteWriter& out, const ReferenceDelays& delays, std::size_t size) {
  write_rtcp_header(out, 0, kExtendedReport, size);
  out.u32(delays.ssrc.value);
  write_block(out, kDelays, written(delays).size() * kDelay);
  for (const ReferenceDelay& delay : written(delays)) {
    out.u32(delay.ssrc.value);
    out.u32(delay.reference);
    out.u32(delay.delay);
  }
}

}  // namespace wfdcast::stream
