#include "stream/rtcp_compound.h"

namespace wfdcast::stream {
namespace {

constexpr std::uint64_t kFrom1900To1970 = 2'208'988'800;  // seconds

void add_bye(std::vector<RtcpPacket>& packets, Ssrc ssrc, const std::optional<std::string>& reason) {
  if (reason) packets.emplace_back(Bye{{ssrc}, *reason});
}

}  // namespace

std::vector<std::uint8_t> serialize(const SourceCompound& compound) {
  std::vector<RtcpPacket> packets{compound.report, SourceDescription{compound.report.ssrc, compound.cname}};
  if (compound.group) packets.emplace_back(*compound.group);
  add_bye(packets, compound.report.ssrc, compound.bye);
  return serialize(packets);
}

std::vector<std::uint8_t> serialize(const SinkCompound& compound) {
  ReceiverReport report{compound.ssrc, {}};
  if (compound.block) report.blocks.push_back(*compound.block);
  std::vector<RtcpPacket> packets{std::move(report), SourceDescription{compound.ssrc, compound.cname}};
  if (compound.playout) packets.emplace_back(*compound.playout);
  if (compound.nack) packets.emplace_back(*compound.nack);
  if (compound.echo) packets.emplace_back(*compound.echo);
  if (compound.clock) packets.emplace_back(ReceiverReference{compound.ssrc, *compound.clock});
  add_bye(packets, compound.ssrc, compound.bye);
  return serialize(packets);
}

NtpTime to_ntp(Duration since_1970) {
  const auto nanoseconds = static_cast<std::uint64_t>(since_1970.count());
  const std::uint64_t seconds = nanoseconds / 1'000'000'000 + kFrom1900To1970;
  const std::uint64_t fraction = ((nanoseconds % 1'000'000'000) << 32) / 1'000'000'000;
  return seconds << 32 | fraction;
}

}  // namespace wfdcast::stream
