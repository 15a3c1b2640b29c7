#include "stream/rtp_receiver.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

bool whole_ts_packets(ByteView payload) {
  return !payload.empty() && payload.size() % kTsPacket == 0 &&
         payload.size() <= kTsPacketsPerRtp * kTsPacket;
}

std::uint16_t to_ms16(Duration d) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(d / 1ms, 0, 0xFFFF));
}

}  // namespace

RtpReceiver::RtpReceiver(const Options& options)
    : options_(options), media_(options.media), clock_(options.latency), watch_(options.latency) {}

bool RtpReceiver::ours(const RtpPacket& packet) {
  if (packet.payload_type != kPayloadTypeMp2t || !whole_ts_packets(packet.payload)) return false;
  if (!media_) media_ = packet.ssrc;
  return packet.ssrc == *media_;
}

std::vector<ReceiverEvent> RtpReceiver::receive(ByteView datagram, Delivery path, Time now) {
  std::vector<ReceiverEvent> events;
  const auto packet = parse_rtp(datagram);
  if (!packet || !ours(*packet)) {
    ++counters_.foreign;
    return events;
  }
  const auto place = sequence_.place(packet->sequence);
  if (!place) {
    ++counters_.foreign;
    return events;
  }
  watch_.arrived(path, place->index, now, events);
  switch (ring_.fate(place->index)) {
    case PacketRing::Fate::Duplicate:
      ++counters_.duplicates;
      break;
    case PacketRing::Fate::Missing:
      keep(*packet, *place, now);
      break;
    case PacketRing::Fate::Passed:
      ring_.remember(place->index);
      ++counters_.received;
      ++counters_.late;
      statistics_.received(*place, packet->timestamp, now);
      break;
    case PacketRing::Fate::TooFar:
    case PacketRing::Fate::NoRoom:
      ++counters_.overflow;
      break;
  }
  report_loss(now, events);
  return events;
}

void RtpReceiver::keep(const RtpPacket& packet, const SequenceTracker::Place& place, Time now) {
  if (ring_.empty() && now - last_packet_ >= kDry) clock_.restart();
  last_packet_ = now;
  const Duration media = place.step == SequenceTracker::Step::Older
                             ? clock_.place_older(packet.timestamp, now)
                             : clock_.place_newest(packet.timestamp, now);
  if (now > clock_.due(media)) ++counters_.late;
  ring_.insert(place.index, packet.payload, media, place.skipped);
  ++counters_.received;
  statistics_.received(place, packet.timestamp, now);
}

void RtpReceiver::sender_report(const SenderReport& report, Time now) {
  if (media_ == report.ssrc) statistics_.sender_report(report, now);
}

void RtpReceiver::expect(Delivery path) { watch_.expect(path); }

void RtpReceiver::compare_group(Time) { watch_.compare_group(); }

void RtpReceiver::await_unicast(Time) { watch_.await_unicast(); }

void RtpReceiver::pause(Time) {
  watch_.pause();
  sequence_.pause();
}

// The source's clock may have stood still: the first packet tells.
void RtpReceiver::resume(Time now) {
  watch_.resume(now);
  sequence_.resume();
  if (ring_.empty()) clock_.restart();
}

std::optional<ByteView> RtpReceiver::next_due(Time now) {
  const auto front = ring_.front();
  if (!front) return std::nullopt;
  if (!ring_.crowded() && clock_.due(front->media) > now + kTogether) return std::nullopt;
  if (front->missing > 0) {
    counters_.lost += front->missing;
    picture_ = Picture::Lost;
  }
  counters_.bytes += front->ts.size();
  clock_.settle(now);
  ring_.pop();
  return front->ts;
}

void RtpReceiver::report_loss(Time now, std::vector<ReceiverEvent>& events) {
  if (picture_ == Picture::Whole || now < next_picture_lost_) return;
  picture_ = Picture::Whole;
  next_picture_lost_ = now + kPictureLostInterval;
  events.emplace_back(PictureLost{});
}

std::vector<ReceiverEvent> RtpReceiver::tick(Time now) {
  std::vector<ReceiverEvent> events;
  watch_.tick(now, events);
  report_loss(now, events);
  return events;
}

std::optional<Time> RtpReceiver::next_deadline() const {
  std::optional<Time> deadline = watch_.next_deadline();
  if (picture_ == Picture::Lost) deadline = earliest(deadline, next_picture_lost_);
  if (const auto front = ring_.front()) {
    deadline = earliest(deadline, ring_.crowded() ? last_packet_ : clock_.due(front->media) + kTogether);
  }
  return deadline;
}

std::optional<ReportBlock> RtpReceiver::report_block(Time now) {
  return media_ ? statistics_.report_block(*media_, now) : std::nullopt;
}

RtpReceiver::Counters RtpReceiver::counters(Time) const {
  Counters counters = counters_;
  counters.jitter = statistics_.jitter();
  counters.delay = clock_.delay();
  if (const auto front = ring_.front())
    counters.buffered = std::max(clock_.newest() - front->media, Duration{});
  return counters;
}

PlayoutReport RtpReceiver::playout_report(Time now) const {
  const Counters counters = this->counters(now);
  return {.ssrc = options_.ssrc,
          .received = static_cast<std::uint32_t>(counters.received),
          .lost = static_cast<std::uint32_t>(counters.lost),
          .recovered = static_cast<std::uint32_t>(counters.recovered),
          .late = static_cast<std::uint32_t>(counters.late),
          .delay_ms = to_ms16(counters.delay),
          .buffer_ms = to_ms16(counters.buffered)};
}

}  // namespace wfdcast::stream
