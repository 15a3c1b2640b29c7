#include "stream/pes.h"

namespace wfdcast::stream {
namespace {

constexpr std::size_t kFixedHeader = 9;
constexpr std::size_t kTimestamp = 5;
constexpr std::uint8_t kHasPts = 0x80, kHasDts = 0x40;

Ticks90 read_timestamp(ByteReader& in) {
  const Ticks90 high = in.u8() >> 1 & 0x07;
  const Ticks90 middle = in.u16() >> 1;
  const Ticks90 low = in.u16() >> 1;
  return high << 30 | middle << 15 | low;
}

// Keeps the prefix in the first byte and the marker bits.
void shift_timestamp(ByteSpan field, Ticks90 difference) {
  ByteReader in(field);
  const auto shifted = static_cast<std::uint64_t>(timestamp_plus(read_timestamp(in), difference));
  field[0] = static_cast<std::uint8_t>((field[0] & 0xF1) | (shifted >> 30 & 0x07) << 1);
  field[1] = static_cast<std::uint8_t>(shifted >> 22);
  field[2] = static_cast<std::uint8_t>((shifted >> 15 & 0x7F) << 1 | (field[2] & 1));
  field[3] = static_cast<std::uint8_t>(shifted >> 7);
  field[4] = static_cast<std::uint8_t>((shifted & 0x7F) << 1 | (field[4] & 1));
}

}  // namespace

Ticks90 timestamp_plus(Ticks90 timestamp, Ticks90 difference) {
  return (timestamp + difference) & (kTimestampModulus - 1);
}

Ticks90 timestamp_difference(Ticks90 a, Ticks90 b) {
  const Ticks90 forward = timestamp_plus(a, -b);
  return forward >= kTimestampModulus / 2 ? forward - kTimestampModulus : forward;
}

std::optional<PesHeader> parse_pes_header(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint32_t start_code = in.u24();
  in.skip(1);  // stream id
  const std::size_t length = in.u16();
  const std::uint8_t mark = in.u8();
  const std::uint8_t flags = in.u8();
  const std::size_t optional_size = in.u8();
  ByteReader fields(in.bytes(optional_size));
  if (!in.ok() || start_code != 1 || (mark & 0xC0) != 0x80) return std::nullopt;
  PesHeader header;
  header.size = kFixedHeader + optional_size;
  const std::size_t behind_length = header.size - 6;
  if (length >= behind_length) header.payload_size = length - behind_length;
  if ((flags & kHasPts) != 0) header.dts = header.pts = read_timestamp(fields);
  if ((flags & (kHasPts | kHasDts)) == (kHasPts | kHasDts)) header.dts = read_timestamp(fields);
  if (!fields.ok()) return std::nullopt;
  return header;
}

void shift_timestamps(ByteSpan bytes, Ticks90 difference) {
  const std::uint8_t flags = bytes[7];
  if ((flags & kHasPts) != 0) shift_timestamp(bytes.subspan(kFixedHeader, kTimestamp), difference);
  if ((flags & (kHasPts | kHasDts)) == (kHasPts | kHasDts)) {
    shift_timestamp(bytes.subspan(kFixedHeader + kTimestamp, kTimestamp), difference);
  }
}

}  // namespace wfdcast::stream
