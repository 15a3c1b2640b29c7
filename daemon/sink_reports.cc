// RTCP of a sink: what the source reports, and its own reports and requests.
#include "daemon/sink_stream.h"
#include "platform/system.h"

namespace wfdcast::daemon {

void SinkStream::receive_rtcp(Datagrams datagrams, Delivery path) {
  if (!receiver_) return;
  for (const auto& datagram : datagrams) {
    if (!from_source(datagram, transport_.server.rtcp)) continue;
    const ByteView plain =
        rings_ ? ring(path).unprotect_rtcp(datagram.bytes, plain_, loop_.now()) : datagram.bytes;
    const auto compound = stream::parse_rtcp(plain);
    if (!compound) continue;
    callbacks_.on_heard();
    for (const auto& packet : *compound) understand(packet);
  }
}

void SinkStream::understand(const stream::RtcpPacket& packet) {
  const Time now = loop_.now();
  if (const auto* report = std::get_if<stream::SenderReport>(&packet)) {
    receiver_->sender_report(*report, now);
    source_ntp_ = report->ntp;
  } else if (const auto* group = std::get_if<stream::GroupSize>(&packet)) {
    receiver_->group_size(group->members);
    if (reports_) reports_->set_members(group->members, now);
  } else if (const auto* echo = std::get_if<stream::Echo>(&packet)) {
    const auto round_trip = stream::round_trip(*echo, platform::ntp_time(now));
    if (echo->kind != stream::Echo::Kind::Response || !round_trip) return;
    round_trip_ = round_trip;
    receiver_->round_trip(*round_trip);
  } else if (const auto* delays = std::get_if<stream::ReferenceDelays>(&packet)) {
    learn_clock(*delays, now);
  }
}

// The answer to our clock comes with a report that has the source's.
void SinkStream::learn_clock(const stream::ReferenceDelays& delays, Time now) {
  if (!clock_asked_ || !source_ntp_) return;
  const auto asked = static_cast<std::uint32_t>(platform::ntp_time(*clock_asked_) >> 16);
  for (const stream::ReferenceDelay& delay : delays.delays) {
    if (delay.ssrc != ssrc_ || delay.reference != asked) continue;
    receiver_->clock_exchange(*clock_asked_, now, *source_ntp_);
    clock_asked_.reset();
    return;
  }
}

// Only to the port that the source gave.
std::size_t SinkStream::send_rtcp(const stream::SinkCompound& compound) {
  if (transport_.server.rtcp == 0) return 0;
  const auto bytes = stream::serialize(compound);
  const ByteView report = reporter_ ? reporter_->protect_rtcp(bytes, plain_) : ByteView(bytes);
  (void)unicast_.rtcp->send_from(0, {source_, transport_.server.rtcp}, report);
  return report.size();
}

// What is missing, at once: a NACK waits for no report (RFC 4585 section 3.5).
void SinkStream::ask_again() {
  if (auto nack = receiver_->next_request(loop_.now())) {
    (void)send_rtcp({.ssrc = ssrc_, .block = {}, .cname = cname_, .nack = std::move(*nack)});
  }
}

// RR, SDES, our APP packet, and an echo request, by which we learn the round trip.
void SinkStream::send_report(bool bye) {
  const Time now = loop_.now();
  const auto counters = receiver_->counters(now);
  if (const Duration elapsed = now - bitrate_since_; elapsed > 0s) {
    const double bits = static_cast<double>(counters.bytes - bytes_before_) * 8;
    bitrate_ = static_cast<std::uint64_t>(bits / std::chrono::duration<double>(elapsed).count());
  }
  bitrate_since_ = now;
  bytes_before_ = counters.bytes;
  last_block_ = receiver_->report_block(now);
  stream::SinkCompound compound{.ssrc = ssrc_,
                                .block = last_block_,
                                .cname = cname_,
                                .playout = receiver_->playout_report(now),
                                .bye = bye ? std::optional<std::string>("stopped") : std::nullopt};
  if (config_.repairs_by("nack") && transport_.ssrc) {
    compound.echo = stream::Echo{
        .kind = stream::Echo::Kind::Request, .ssrc = *transport_.ssrc, .timestamp = platform::ntp_time(now)};
  }
  if (config_.stream.sync && !bye) {
    clock_asked_ = loop_.now();
    compound.clock = platform::ntp_time(*clock_asked_);
  }
  const std::size_t size = send_rtcp(compound);
  if (bye || !reports_) return;
  reports_->set_bandwidth(bitrate_);
  reports_->sent(size, now);
}

}  // namespace wfdcast::daemon
