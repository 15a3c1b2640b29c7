#include "stream/igmp.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kQuery = 0x11, kReportV2 = 0x16, kReportV3 = 0x22;
constexpr std::uint8_t kModeIsInclude = 1, kModeIsExclude = 2;
constexpr std::uint8_t kProtocol = 2;     // of IGMP in IP
constexpr std::size_t kLeastHeader = 20;  // of IPv4
constexpr std::size_t kLeastMessage = 8;
constexpr std::uint8_t kRobustness = 2;

// RFC 1071.
std::uint16_t checksum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] * 256U : bytes[i];
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void finish(IgmpMessage& message, const ByteWriter& out) {
  message.size = out.written().size();
  const std::uint16_t sum = checksum(message.bytes());
  message.memory[2] = static_cast<std::uint8_t>(sum >> 8);
  message.memory[3] = static_cast<std::uint8_t>(sum);
}

}  // namespace

IgmpMessage membership_report(IgmpVersion version, Ipv4Address group, Ipv4Address source) {
  IgmpMessage message;
  ByteWriter out(message.memory);
  if (version == IgmpVersion::V2 && !source) {
    message.target = group;
    out.u8(kReportV2);
    out.u8(0);
    out.u16(0);
    out.u32(group.value);
  } else {
    message.target = kIgmpV3Reports;
    out.u8(kReportV3);
    out.u8(0);
    out.u16(0);
    out.u16(0);
    out.u16(1);  // records
    out.u8(source ? kModeIsInclude : kModeIsExclude);
    out.u8(0);
    out.u16(source ? 1 : 0);
    out.u32(group.value);
    if (source) out.u32(source.value);
  }
  finish(message, out);
  return message;
}

IgmpMessage general_query(IgmpVersion version, Duration response, Duration interval) {
  IgmpMessage message{.target = kAllHosts};
  ByteWriter out(message.memory);
  out.u8(kQuery);
  out.u8(static_cast<std::uint8_t>(std::clamp<std::int64_t>(response / 100ms, 1, 127)));
  out.u16(0);
  out.u32(0);
  if (version == IgmpVersion::V3) {
    out.u8(kRobustness);
    out.u8(static_cast<std::uint8_t>(std::clamp<std::int64_t>(interval / 1s, 1, 127)));
    out.u16(0);  // sources
  }
  finish(message, out);
  return message;
}

Result<HeardQuery, IgmpError> parse_igmp_query(ByteView packet) {
  if (packet.size() < kLeastHeader) return fail(IgmpError::Truncated);
  const std::size_t header = (packet[0] & 0x0FU) * 4U;
  if (packet[0] >> 4 != 4 || packet[9] != kProtocol || header < kLeastHeader) return fail(IgmpError::NotIgmp);
  if (packet.size() < header + kLeastMessage) return fail(IgmpError::Truncated);
  const ByteView message = packet.subspan(header);
  if (message[0] != kQuery) return fail(IgmpError::NotAQuery);
  if (checksum(message) != 0) return fail(IgmpError::BadChecksum);
  return HeardQuery{.querier = {ByteReader(packet.subspan(12)).u32()},
                    .group = {ByteReader(message.subspan(4)).u32()}};
}

}  // namespace wfdcast::stream
