// RTCP of the source: its reports, and what sinks report.
#include <array>
#include <utility>

#include "daemon/source_stream.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::UdpSocket;

stream::SenderReport SourceStream::sender_report(Time now) const {
  return {.ssrc = ssrc_,
          .ntp = platform::ntp_time(now),
          .rtp = feed_.rtp_time(now),
          .packets = static_cast<std::uint32_t>(counters_.packets),
          .octets = static_cast<std::uint32_t>(counters_.bytes - counters_.packets * stream::kRtpHeader)};
}

// SR and SDES (BYE at the end) to the group and to each unicast sink that gave an RTCP port.
void SourceStream::send_report(bool bye) {
  const Time now = loop_.now();
  stream::SourceCompound compound{.report = sender_report(now),
                                  .cname = cname_,
                                  .bye = bye ? std::optional<std::string>("stopped") : std::nullopt};
  const auto report = stream::serialize(compound);
  const auto on_group = static_cast<std::uint32_t>(group_.playing_on_group());
  reports_->set_members(on_group + 1, now);
  compound.group = stream::GroupSize{.ssrc = ssrc_,
                                     .ntp = compound.report.ntp,
                                     .average_size = reports_->average_size(),
                                     .members = on_group + 1};
  const auto to_group = stream::serialize(compound);
  outlets_.send_report_to_group(cipher_ ? cipher_->protect_report(to_group) : ByteView(to_group),
                                group_port(1));
  for (const auto& [id, member] : members_) {
    if (member.client.rtcp == 0 || group_.path(id) == stream::Path::Group) continue;
    outlets_.send_report(member.rtcp ? cipher_->protect_report(report) : ByteView(report),
                         {member.address, member.client.rtcp});
  }
  reports_->sent(report.size(), now);
}

// Only from the address of a session; kForeign for another port there.
std::optional<SessionId> SourceStream::reporter(const UdpSocket::Datagram& datagram) {
  const auto found = reporters_.find(datagram.sender);
  if (found != reporters_.end()) {
    if (members_.at(found->second).interface_index != datagram.interface_index) return std::nullopt;
    return found->second;
  }
  const auto same_board = reporters_.lower_bound(Endpoint{datagram.sender.address, 0});
  if (same_board == reporters_.end() || same_board->first.address != datagram.sender.address)
    return std::nullopt;
  return kForeign;
}

void SourceStream::receive_rtcp(const UdpSocket::Datagram& datagram) {
  std::array<std::uint8_t, 1536> memory;
  const auto id = reporter(datagram);
  const auto bytes = id ? opened_report(datagram, *id, memory) : std::nullopt;
  const auto compound = stream::parse_rtcp(bytes.value_or(ByteView{}));
  if (!bytes || !compound) return;
  // One datagram has one answer of each kind: its sender may be forged, and is not to be sent more than it
  // sent.
  bool echoed = false, told_clock = false;
  for (const auto& packet : *compound) {
    if (const auto* nack = std::get_if<stream::Nack>(&packet); nack && repair_) {
      repair_->request(*id, *nack, loop_.now());
    } else if (const auto* echo = std::get_if<stream::Echo>(&packet)) {
      if (!std::exchange(echoed, true)) answer_echo(*echo, *id, datagram.sender);
    } else if (const auto* reference = std::get_if<stream::ReceiverReference>(&packet)) {
      if (!std::exchange(told_clock, true)) answer_clock(*reference, *id, datagram.sender);
    }
    if (*id == kForeign) continue;
    follow_loss(*id, packet);
    callbacks_.on_rtcp(*id, packet);
  }
  if (repair_) send_repairs();
}

// In paired mode a sink inside TLS protects its reports, and nobody but a session's own port is heard.
std::optional<ByteView> SourceStream::opened_report(const UdpSocket::Datagram& datagram, SessionId id,
                                                    ByteSpan memory) {
  if (!cipher_) return datagram.bytes;
  const auto member = members_.find(id);
  if (member == members_.end()) return std::nullopt;
  if (!member->second.rtcp) return datagram.bytes;
  const ByteView plain = member->second.rtcp->unprotect_rtcp(datagram.bytes, memory);
  if (!plain.empty()) return plain;
  ++counters_.refused_reports;
  return std::nullopt;
}

void SourceStream::answer_echo(const stream::Echo& echo, SessionId id, const Endpoint& sender) {
  if (echo.kind != stream::Echo::Kind::Request) return;
  const std::array<stream::RtcpPacket, 3> answer{
      stream::ReceiverReport{.ssrc = ssrc_}, stream::SourceDescription{ssrc_, cname_},
      stream::Echo{stream::Echo::Kind::Response, echo.ssrc, echo.timestamp}};
  send_answer(answer, id, sender);
}

// At once, with our clock of now: then what it was kept for is nothing.
void SourceStream::answer_clock(const stream::ReceiverReference& reference, SessionId id,
                                const Endpoint& sender) {
  if (!playing_ || counters_.packets == 0) return;  // the media clock runs from the first packet on
  const std::array<stream::RtcpPacket, 3> answer{
      sender_report(loop_.now()), stream::SourceDescription{ssrc_, cname_},
      stream::ReferenceDelays{
          ssrc_, {{.ssrc = reference.ssrc, .reference = static_cast<std::uint32_t>(reference.ntp >> 16)}}}};
  send_answer(answer, id, sender);
}

void SourceStream::send_answer(std::span<const stream::RtcpPacket> answer, SessionId id,
                               const Endpoint& sender) {
  const auto member = members_.find(id);
  const bool secure = member != members_.end() && member->second.rtcp;
  const auto compound = stream::serialize(answer);
  outlets_.send_report(secure ? cipher_->protect_report(compound) : ByteView(compound), sender);
}

}  // namespace wfdcast::daemon
