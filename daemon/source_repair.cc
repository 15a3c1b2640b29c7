// Repair of the stream at the source, and the measured loss that decides about it.
#include <algorithm>
#include <array>
#include <utility>

#include "daemon/source_stream.h"
#include "platform/system.h"

namespace wfdcast::daemon {

namespace {

// Sent packets are there for repair as long as a sink may still use them: its latency, and what its requests
// and our timers take on a busy machine. Programs that are none of ours have a buffer of their own.
constexpr Duration kLeastHistory = 1s, kMargin = 500ms;

// Even as the media SSRC is, and no neighbour of it.
Ssrc random_parity_ssrc(Ssrc media) {
  Ssrc parity = media;
  while (parity.value >> 4 == media.value >> 4)
    parity = {static_cast<std::uint32_t>(platform::random_u64()) & ~1u};
  return parity;
}

SrtpKey random_srtp_key() {
  SrtpKey key;
  platform::fill_random(key.key);
  platform::fill_random(key.salt);
  return key;
}

}  // namespace

void SourceStream::set_up_repair() {
  const Ssrc parity = random_parity_ssrc(ssrc_);
  if (config_.security.mode == SecurityMode::Paired) {
    cipher_.emplace(GroupCipher::Streams{.media = ssrc_,
                                         .first = feed_.next_sequence(),
                                         .parity = parity,
                                         .column = {parity.value ^ 4},
                                         .row = {parity.value ^ 8}},
                    random_srtp_key);
    key_timer_.set(loop_.now() + config_.security.rekey);
  }
  if (config_.repairs_by("fec")) fec_.emplace(stream::FecEncoder::Options{});
  if (!config_.repairs_by("nack")) return;
  repair_.emplace(
      stream::RepairSender::Options{.media = ssrc_,
                                    .parity = parity,
                                    .first_sequence = feed_.next_sequence(),
                                    .marking = cipher_ ? stream::RepairSender::Options::Marking::None
                                                       : stream::RepairSender::Options::Marking::LowestBit},
      [this](std::uint16_t sequence) { return feed_.sent(sequence); });
  repair_->set_sink(kForeign, stream::RepairSender::Way::Foreign, {});
  feed_.set_keep(history_ = kLeastHistory);
}

// It does not shrink: to look at all sinks whenever one comes would cost the more, the more there are.
void SourceStream::keep_for_repair(Duration latency) {
  history_ = std::max(history_, latency + kMargin);
  feed_.set_keep(history_);
}

// How repairs reach this sink: as the stream does, and while it moves as before.
void SourceStream::follow_path(SessionId id) {
  const auto member = members_.find(id);
  const auto path = group_.path(id);
  if (!repair_ || member == members_.end() || !path) return;
  const RepairCapabilities& can = member->second.repair;
  using Way = stream::RepairSender::Way;
  const Way way = *path != stream::Path::Group ? Way::Unicast : can.parity ? Way::GroupParity : Way::Group;
  repair_->set_sink(id, way, can.latency);
  keep_for_repair(can.latency);
}

void SourceStream::send_fec(std::span<const ByteView> packets) {
  for (const ByteView& packet : packets) {
    fec_->add(packet, [this](stream::FecEncoder::Kind kind, ByteView bytes) {
      const bool row = kind == stream::FecEncoder::Kind::Row;
      const std::array fec{cipher_ ? cipher_->named(bytes, row) : bytes};
      transmit(fec, group_port(row ? stream::kRowPort : stream::kColumnPort), {});
      ++counters_.fec_packets;
    });
  }
}

// At the output, since the report before.
std::optional<double> SourceStream::lost_since(Member& member, const stream::PlayoutReport& report) {
  const double received = report.received - std::exchange(member.received, report.received);
  const double lost = report.lost - std::exchange(member.lost, report.lost);
  return received + lost > 0 ? std::optional(lost / (received + lost)) : std::nullopt;
}

// What moves a sink to unicast, and what FEC is for: all losses of a group's sink that cannot ask, and those
// that asking did not repair of the others.
void SourceStream::follow_loss(SessionId id, const stream::RtcpPacket& packet) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  const RepairCapabilities can = member->second.repair;
  const bool asks = repair_ && can.retransmission;
  std::optional<double> loss;
  if (const auto* report = std::get_if<stream::ReceiverReport>(&packet)) {
    for (const auto& block : report->blocks) {
      if (block.ssrc != ssrc_) continue;
      const double lost = block.fraction_lost / 256.0;
      follow_air(id, {.loss = lost,
                      .residual = {},
                      .round_trip = stream::round_trip(block, platform::ntp_time(loop_.now()))});
      if (!asks) loss = lost;
    }
  } else if (const auto* playout = std::get_if<stream::PlayoutReport>(&packet)) {
    const auto lost = lost_since(member->second, *playout);
    if (lost) follow_air(id, {.loss = {}, .residual = lost, .round_trip = {}});
    if (asks) loss = lost;
    member->second.longest_run = playout->longest_run;
    const auto moves = lost ? group_.report_loss(id, *lost, loop_.now()) : std::vector<stream::Move>();
    if (!moves.empty()) carry_out(moves);  // the session may end by that
  }
  if (loss) follow_pattern(id, *loss);
}

// FEC goes to the group, for those that take it.
void SourceStream::follow_pattern(SessionId id, double loss) {
  if (!fec_) return;
  const auto found = members_.find(id);
  if (found != members_.end() && found->second.repair.fec && group_.path(id) == stream::Path::Group) {
    const Member& member = found->second;
    const std::uint64_t packets_a_second = counters_.bitrate / 8 / stream::kMaxRtpPacket;
    const auto latency = static_cast<std::uint64_t>(member.repair.latency.count());
    fec_policy_.report(
        id, {.loss = loss, .longest_run = member.longest_run, .in_time = packets_a_second * latency / 1000},
        loop_.now());
  } else {
    fec_policy_.remove(id);
  }
  set_fec();
}

void SourceStream::set_fec() {
  const auto matrix = fec_policy_.matrix();
  fec_->set_matrix(matrix);
  feed_.set_filled(matrix.has_value());
}

void SourceStream::send_repairs() {
  repair_->take(loop_.now(), [this](const stream::Repair& repair) {
    const std::array packet{repair.packet};
    if (!repair.to) {
      const bool parity = repair.kind == stream::Repair::Kind::Parity;
      return transmit(packet, group_port(parity ? stream::kParityPort : 0), {});
    }
    const auto member = members_.find(*repair.to);
    if (member == members_.end()) return;
    const std::array sink{Endpoint{member->second.address, member->second.client.rtp}};
    transmit(packet, std::nullopt, sink);
  });
  repair_timer_.set(repair_->next_deadline());
}

}  // namespace wfdcast::daemon
