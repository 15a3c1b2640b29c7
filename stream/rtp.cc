#include "stream/rtp.h"

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kVersion = 2 << 6;

// The extension header is 16 bits of its own and a length in 32-bit words.
bool skip_extension(ByteReader& in) {
  in.skip(2);
  in.skip(std::size_t{in.u16()} * 4);
  return in.ok();
}

}  // namespace

std::optional<RtpPacket> parse_rtp(ByteView datagram) {
  ByteReader in(datagram);
  const std::uint8_t flags = in.u8();
  const std::uint8_t type = in.u8();
  RtpPacket packet;
  packet.marker = (type & 0x80) != 0;
  packet.payload_type = type & 0x7F;
  packet.sequence = in.u16();
  packet.timestamp = {in.u32()};
  packet.ssrc = {in.u32()};
  in.skip(std::size_t{flags & 0x0Fu} * 4);  // CSRC list
  if (!in.ok() || (flags & 0xC0) != kVersion) return std::nullopt;
  if ((flags & 0x10) != 0 && !skip_extension(in)) return std::nullopt;
  std::size_t size = in.remaining();
  if ((flags & 0x20) != 0) {
    const std::size_t padding = datagram.back();
    if (padding == 0 || padding > size) return std::nullopt;
    size -= padding;
  }
  packet.payload = in.bytes(size);
  return packet;
}

ByteView RtpPacketizer::packetize(ByteView ts, RtpTime timestamp, RtpBuffer& out) {
  if (ts.size() > kTsPacketsPerRtp * kTsPacket) ts = ts.first(kTsPacketsPerRtp * kTsPacket);
  write_header(timestamp, out);
  std::memcpy(out.data() + kRtpHeader, ts.data(), ts.size());
  return ByteView(out).first(kRtpHeader + ts.size());
}

}  // namespace wfdcast::stream
