#include "stream/fec.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kExtended = 0x80;  // E: the header is the 16 bytes that we know
constexpr std::uint8_t kRow = 0x40;       // D
constexpr std::uint8_t kTypeMask = 0x38;  // 0: XOR

}  // namespace

std::optional<FecPacket> parse_fec(ByteView datagram) {
  if (datagram.size() < kRtpHeader || datagram[0] >> 6 != 2) return std::nullopt;
  if ((datagram[1] & 0x7F) != kPayloadTypeFec) return std::nullopt;
  ByteReader in(datagram.subspan(kRtpHeader));
  FecPacket packet;
  packet.base = in.u16();
  packet.length = in.u16();
  const std::uint8_t type = in.u8();
  const std::uint32_t mask = in.u24();
  packet.timestamp = in.u32();
  const std::uint8_t kind = in.u8();
  packet.offset = in.u8();
  packet.count = in.u8();
  in.skip(1);
  packet.payload = in.bytes(in.remaining());
  packet.type = type & 0x7F;
  if (!in.ok() || (type & kExtended) == 0 || mask != 0 || (kind & kTypeMask) != 0) return std::nullopt;
  if (packet.payload.empty() || packet.payload.size() > kTsPacketsPerRtp * kTsPacket) return std::nullopt;
  const bool row = (kind & kRow) != 0;
  if (packet.offset == 0 || packet.offset > kMostColumns || (row && packet.offset != 1)) return std::nullopt;
  if (packet.count == 0 || packet.count > kMostRows) return std::nullopt;
  return packet;
}

void FecSum::add(std::uint8_t payload_type, RtpTime time, ByteView bytes) {
  length = static_cast<std::uint16_t>(length ^ bytes.size());
  type = static_cast<std::uint8_t>(type ^ payload_type);
  timestamp ^= time.value;
  longest = std::max(longest, bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    payload[i] = static_cast<std::uint8_t>(payload[i] ^ bytes[i]);
}

void FecEncoder::sum(ByteView rtp) {
  const auto sequence = static_cast<std::uint16_t>(rtp[2] << 8 | rtp[3]);
  timestamp_ = load_be32(rtp.data() + 4);
  if (position_ == 0) base_ = sequence;
  const unsigned column = position_ % matrix_->columns;
  if (column == 0) row_base_ = sequence;
  if (position_ < matrix_->columns) columns_[column] = {};
  const std::uint8_t type = rtp[1] & 0x7F;
  columns_[column].add(type, {timestamp_}, rtp.subspan(kRtpHeader));
  if (matrix_->row_packets) row_.add(type, {timestamp_}, rtp.subspan(kRtpHeader));
}

void FecEncoder::end_matrix() {
  std::copy_n(columns_.begin(), matrix_->columns, done_.begin());
  waiting_ = waiting_columns_ = matrix_->columns;
  waiting_rows_ = matrix_->rows;
  waiting_base_ = base_;
  position_ = 0;
}

ByteView FecEncoder::take_column() {
  const unsigned column = waiting_columns_ - waiting_--;
  return finish(done_[column], Kind::Column, static_cast<std::uint16_t>(waiting_base_ + column),
                waiting_columns_, waiting_rows_);
}

ByteView FecEncoder::finish(const FecSum& sum, Kind kind, std::uint16_t base, unsigned offset,
                            unsigned count) {
  const bool row = kind == Kind::Row;
  ByteWriter out(packet_);
  out.u8(0x80);
  out.u8(kPayloadTypeFec);
  out.u16(row ? row_sequence_++ : column_sequence_++);
  out.u32(timestamp_);
  out.u32(row ? options_.row.value : options_.column.value);
  out.u16(base);
  out.u16(sum.length);
  out.u8(static_cast<std::uint8_t>(kExtended | sum.type));
  out.u24(0);
  out.u32(sum.timestamp);
  out.u8(row ? kRow : 0);
  out.u8(static_cast<std::uint8_t>(offset));
  out.u8(static_cast<std::uint8_t>(count));
  out.u8(0);
  out.bytes(ByteView(sum.payload).first(sum.longest));
  return out.written();
}

}  // namespace wfdcast::stream
