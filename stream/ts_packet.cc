#include "stream/ts_packet.h"

namespace wfdcast::stream {

Ticks27 pcr_plus(Ticks27 pcr, Ticks27 difference) {
  const Ticks27 sum = (pcr + difference) % kPcrModulus;
  return sum < 0 ? sum + kPcrModulus : sum;
}

Ticks27 pcr_difference(Ticks27 a, Ticks27 b) {
  const Ticks27 forward = pcr_plus(a, -b);
  return forward > kPcrModulus / 2 ? forward - kPcrModulus : forward;
}

std::optional<Ticks27> TsPacket::pcr() const {
  if (!flag(0x10) || adaptation.size() < 7) return std::nullopt;
  const Ticks27 base = Ticks27{load_be32(adaptation.data() + 1)} << 1 | adaptation[5] >> 7;
  const Ticks27 extension = (adaptation[5] & 1) << 8 | adaptation[6];
  return (base * 300 + extension) % kPcrModulus;
}

std::optional<TsPacket> parse_ts_packet(const std::uint8_t* packet) {
  TsPacket parsed{.header = {load_be32(packet)}, .adaptation = {}, .payload = {}};
  ByteView rest(packet + 4, kTsPacket - 4);
  if (parsed.header.has_adaptation()) {
    const std::size_t length = rest[0];
    if (length >= rest.size()) return std::nullopt;
    parsed.adaptation = rest.subspan(1, length);
    rest = rest.subspan(1 + length);
  } else if (!parsed.header.has_payload()) {
    return std::nullopt;
  }
  if (parsed.header.has_payload()) parsed.payload = rest;
  return parsed;
}

void write_pcr(std::uint8_t* out, Ticks27 pcr) {
  const auto base = static_cast<std::uint64_t>(pcr / 300);
  const auto extension = static_cast<std::uint32_t>(pcr % 300);
  store_be32(out, static_cast<std::uint32_t>(base >> 1));
  out[4] = static_cast<std::uint8_t>((base & 1) << 7 | 0x7E | extension >> 8);
  out[5] = static_cast<std::uint8_t>(extension);
}

}  // namespace wfdcast::stream
