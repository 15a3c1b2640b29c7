#include "stream/rtcp.h"

#include <algorithm>

#include "base/overloaded.h"
#include "stream/rtcp_feedback.h"

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kSenderReport = 200, kReceiverReport = 201, kSdes = 202, kBye = 203;
constexpr std::uint8_t kSdesEnd = 0, kSdesCname = 1;
constexpr std::size_t kHeader = 4, kSsrc = 4, kBlock = 24, kSenderInfo = 20;
constexpr std::size_t kMostInCount = 31;  // the 5-bit count of the common header
constexpr std::size_t kLongestText = 255;

constexpr std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

enum class Place { First, Later };

Result<RtcpChunk, RtcpError> next_chunk(ByteReader& in, Place place) {
  const std::uint8_t first = in.u8();
  const std::uint8_t type = in.u8();
  const std::size_t size = std::size_t{in.u16()} * 4;
  ByteView body = in.bytes(size);
  if (!in.ok()) return fail(RtcpError::Truncated);
  if (first >> 6 != 2) return fail(RtcpError::BadVersion);
  if (place == Place::First && type != kSenderReport && type != kReceiverReport)
    return fail(RtcpError::BadOrder);
  if ((first & 0x20) != 0) {
    // Padding is for the last packet only (section 6.4.1), and never for the first.
    if (place == Place::First || in.remaining() > 0) return fail(RtcpError::BadOrder);
    const std::size_t padding = body.empty() ? 0 : body.back();
    if (padding == 0 || padding % 4 != 0 || padding > body.size()) return fail(RtcpError::BadLength);
    body = body.first(body.size() - padding);
  }
  return RtcpChunk{static_cast<std::uint8_t>(first & 0x1F), type, body};
}

std::int32_t signed24(std::uint32_t value) { return static_cast<std::int32_t>(value << 8) >> 8; }

std::vector<ReportBlock> read_blocks(ByteReader& in, std::size_t count) {
  std::vector<ReportBlock> blocks;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    ReportBlock block;
    block.ssrc = {in.u32()};
    block.fraction_lost = in.u8();
    block.cumulative_lost = signed24(in.u24());
    block.highest_sequence = in.u32();
    block.jitter = in.u32();
    block.last_sr = in.u32();
    block.delay_since_last_sr = in.u32();
    blocks.push_back(block);
  }
  return blocks;
}

// What stands behind the blocks is a profile's extension: not ours.
bool read_sender_report(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  SenderReport report;
  report.ssrc = {in.u32()};
  report.ntp = in.u64();
  report.rtp = {in.u32()};
  report.packets = in.u32();
  report.octets = in.u32();
  report.blocks = read_blocks(in, chunk.count);
  if (in.ok()) packets.emplace_back(std::move(report));
  return in.ok();
}

bool read_receiver_report(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  ReceiverReport report;
  report.ssrc = {in.u32()};
  report.blocks = read_blocks(in, chunk.count);
  if (in.ok()) packets.emplace_back(std::move(report));
  return in.ok();
}

// Section 6.5: items up to a zero octet, then zeros to the next 32-bit boundary.
bool read_sdes(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  for (std::size_t i = 0; i < chunk.count; ++i) {
    const Ssrc ssrc{in.u32()};
    for (std::uint8_t type = in.u8(); type != kSdesEnd; type = in.u8()) {
      const std::string_view text = in.text(in.u8());
      if (in.ok() && type == kSdesCname) packets.emplace_back(SourceDescription{ssrc, std::string(text)});
    }
    in.skip(in.remaining() % 4);
    if (!in.ok()) return false;
  }
  return true;
}

bool read_bye(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  Bye bye;
  for (std::size_t i = 0; i < chunk.count && in.ok(); ++i) bye.ssrcs.push_back({in.u32()});
  if (in.remaining() > 0) bye.reason = in.text(in.u8());
  if (in.ok()) packets.emplace_back(std::move(bye));
  return in.ok();
}

bool read_chunk(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  switch (chunk.type) {
    case kSenderReport:
      return read_sender_report(chunk, packets);
    case kReceiverReport:
      return read_receiver_report(chunk, packets);
    case kSdes:
      return read_sdes(chunk, packets);
    case kBye:
      return read_bye(chunk, packets);
    default:
      return read_feedback(chunk, packets);  // not an enum: a peer's octet
  }
}

void write_blocks(ByteWriter& out, std::span<const ReportBlock> blocks) {
  for (const ReportBlock& block : blocks) {
    out.u32(block.ssrc.value);
    out.u8(block.fraction_lost);
    out.u24(static_cast<std::uint32_t>(block.cumulative_lost) & 0xFFFFFF);
    out.u32(block.highest_sequence);
    out.u32(block.jitter);
    out.u32(block.last_sr);
    out.u32(block.delay_since_last_sr);
  }
}

// The first `most` of a list or text: what its count field can say.
template <class T>
std::span<const T> at_most(const std::vector<T>& list, std::size_t most) {
  return std::span(list).first(std::min(list.size(), most));
}
std::string_view text_of(const std::string& text) { return std::string_view(text).substr(0, kLongestText); }

std::size_t size_of(const RtcpPacket& packet) {
  const auto blocks = [](const auto& report) { return at_most(report.blocks, kMostInCount).size() * kBlock; };
  return std::visit(
      overloaded{[&](const SenderReport& p) { return kHeader + kSsrc + kSenderInfo + blocks(p); },
                 [&](const ReceiverReport& p) { return kHeader + kSsrc + blocks(p); },
                 [](const SourceDescription& p) {
                   return padded(kHeader + kSsrc + 2 + text_of(p.cname).size() + 1);
                 },
                 [](const Bye& p) {
                   const std::size_t reason = p.reason.empty() ? 0 : padded(1 + text_of(p.reason).size());
                   return kHeader + at_most(p.ssrcs, kMostInCount).size() * kSsrc + reason;
                 },
                 [](const auto& p) { return feedback_size(p); }},
      packet);
}

void write(ByteWriter& out, const SenderReport& report, std::size_t size) {
  const auto blocks = at_most(report.blocks, kMostInCount);
  write_rtcp_header(out, blocks.size(), kSenderReport, size);
  out.u32(report.ssrc.value);
  out.u64(report.ntp);
  out.u32(report.rtp.value);
  out.u32(report.packets);
  out.u32(report.octets);
  write_blocks(out, blocks);
}

void write(ByteWriter& out, const ReceiverReport& report, std::size_t size) {
  const auto blocks = at_most(report.blocks, kMostInCount);
  write_rtcp_header(out, blocks.size(), kReceiverReport, size);
  out.u32(report.ssrc.value);
  write_blocks(out, blocks);
}

void write(ByteWriter& out, const SourceDescription& description, std::size_t size) {
  const std::string_view cname = text_of(description.cname);
  write_rtcp_header(out, 1, kSdes, size);
  out.u32(description.ssrc.value);
  out.u8(kSdesCname);
  out.u8(static_cast<std::uint8_t>(cname.size()));
  out.text(cname);
}

void write(ByteWriter& out, const Bye& bye, std::size_t size) {
  const auto ssrcs = at_most(bye.ssrcs, kMostInCount);
  write_rtcp_header(out, ssrcs.size(), kBye, size);
  for (const Ssrc& ssrc : ssrcs) out.u32(ssrc.value);
  if (bye.reason.empty()) return;
  const std::string_view reason = text_of(bye.reason);
  out.u8(static_cast<std::uint8_t>(reason.size()));
  out.text(reason);
}

template <class Feedback>
void write(ByteWriter& out, const Feedback& packet, std::size_t size) {
  write_feedback(out, packet, size);
}

}  // namespace

Result<std::vector<RtcpPacket>, RtcpError> parse_rtcp(ByteView datagram) {
  std::vector<RtcpPacket> packets;
  ByteReader in(datagram);
  Place place = Place::First;
  for (std::size_t chunks = 0; place == Place::First || in.remaining() > 0; ++chunks) {
    if (chunks == kMaxRtcpPackets) return fail(RtcpError::BadLength);
    const auto chunk = next_chunk(in, place);
    if (!chunk) return fail(chunk.error());
    if (!read_chunk(*chunk, packets)) return fail(RtcpError::BadLength);
    if (packets.size() > kMaxRtcpPackets) return fail(RtcpError::BadLength);
    place = Place::Later;
  }
  return packets;
}

std::vector<std::uint8_t> serialize(std::span<const RtcpPacket> compound) {
  std::size_t total = 0;
  for (const RtcpPacket& packet : compound) total += size_of(packet);
  std::vector<std::uint8_t> bytes(total);
  std::size_t used = 0;
  for (const RtcpPacket& packet : compound) {
    const std::size_t size = size_of(packet);
    // What the packet leaves unwritten is its padding to 32 bits: zeros.
    ByteWriter out(ByteSpan(bytes).subspan(used, size));
    std::visit([&](const auto& p) { write(out, p, size); }, packet);
    used += size;
  }
  return bytes;
}

std::optional<Duration> round_trip(const ReportBlock& block, NtpTime arrival) {
  if (block.last_sr == 0) return std::nullopt;
  const auto middle = static_cast<std::uint32_t>(arrival >> 16);
  const auto ticks = static_cast<std::int32_t>(middle - block.last_sr - block.delay_since_last_sr);
  if (ticks < 0) return std::nullopt;
  return Duration(std::int64_t{ticks} * 1'000'000'000 / 65'536);
}

std::optional<Duration> round_trip(const Echo& response, NtpTime arrival) {
  const auto took = static_cast<std::int64_t>(arrival - response.timestamp);
  constexpr std::int64_t kLongest = std::int64_t{10} << 32;
  if (took < 0 || took > kLongest) return std::nullopt;
  const Duration whole((took >> 2) * 1'000'000'000 >> 30);
  const Duration kept = std::chrono::microseconds(response.kept_us);
  return kept < whole ? std::optional(whole - kept) : std::nullopt;
}

}  // namespace wfdcast::stream
