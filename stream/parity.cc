#include "stream/parity.h"

#include <algorithm>

#include "stream/galois.h"

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kFirstRow = 128;  // columns are below: a row never equals a column

}  // namespace

std::uint8_t parity_factor(std::uint8_t index, std::uint8_t column) {
  return galois::inverse(static_cast<std::uint8_t>((kFirstRow + index) ^ column));
}

std::optional<ParityPacket> parse_parity(ByteView datagram) {
  const auto rtp = parse_rtp(datagram);
  if (!rtp || rtp->payload_type != kPayloadTypeParity) return std::nullopt;
  ByteReader in(rtp->payload);
  ParityPacket packet{.ssrc = rtp->ssrc};
  packet.base = in.u16();
  packet.count = in.u8();
  packet.index = in.u8();
  packet.to_come = in.u8();
  in.skip(1);
  packet.symbol = in.bytes(in.remaining());
  if (!in.ok() || packet.symbol.size() <= kSymbolHeader || packet.symbol.size() > kMaxSymbol)
    return std::nullopt;
  if (packet.count == 0 || packet.count > kMostInWindow || packet.index >= kMostParity) return std::nullopt;
  return packet;
}

void add_packet(Symbol& symbol, RtpTime timestamp, ByteView payload, std::uint8_t factor) {
  std::array<std::uint8_t, kSymbolHeader> head{};
  ByteWriter out(head);
  out.u16(static_cast<std::uint16_t>(payload.size()));
  out.u32(timestamp.value);
  galois::add_multiple(symbol.data(), head.data(), head.size(), factor);
  galois::add_multiple(symbol.data() + kSymbolHeader, payload.data(), payload.size(), factor);
}

void ParityEncoder::add(ByteView rtp, std::uint8_t index, std::uint8_t column) {
  const ByteView payload = rtp.subspan(kRtpHeader);
  add_packet(symbol_, {load_be32(rtp.data() + 4)}, payload, parity_factor(index, column));
  longest_ = std::max(longest_, payload.size());
}

ByteView ParityEncoder::finish(const ParityPacket& what, RtpTime timestamp) {
  ByteWriter out(packet_);
  out.u8(0x80);
  out.u8(kPayloadTypeParity);
  out.u16(sequence_++);
  out.u32(timestamp.value);
  out.u32(ssrc_.value);
  out.u16(what.base);
  out.u8(what.count);
  out.u8(what.index);
  out.u8(what.to_come);
  out.u8(0);
  out.bytes(ByteView(symbol_).first(kSymbolHeader + longest_));
  return out.written();
}

}  // namespace wfdcast::stream
