#include "stream/rtp_receiver.h"

#include <algorithm>
#include <utility>

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

// So far back behind what the output has taken windows of parity reach, and the
// columns of FEC, which come one matrix late.
constexpr std::size_t kKept = 2 * kMostInWindow;
static_assert(kMostInMatrix <= kMostInWindow);
constexpr std::size_t kMostRuns = 96;  // in one request: it fits a datagram in either form
constexpr int kLatencyParts = 3;       // RepairSender gathers for such a part of it
constexpr int kDitherParts = 10;
constexpr Duration kDitherOfEach = 1ms;

RtpReceiver::RtpReceiver(const Options& options)
    : options_(options),
      media_(options.media),
      ring_(options.repair || options.fec ? kKept : 0),
      clock_(options.latency),
      watch_(options.latency),
      losses_(options.seed),
      silence_(options.latency) {}

bool RtpReceiver::ours(const RtpPacket& packet) {
  if (packet.payload_type != kPayloadTypeMp2t || !whole_ts_packets(packet.payload)) return false;
  if (!media_) media_ = packet.ssrc;
  // A retransmission may have the lowest bit set (RIST Simple Profile).
  return packet.ssrc == *media_ || (options_.repair && packet.ssrc.value == (media_->value | 1));
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
  // A repair says nothing on the path.
  const bool repair = packet->ssrc != *media_ || losses_.was_asked(place->index);
  if (!repair) watch_.arrived(path, place->index, now, events);
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
      (void)losses_.arrived(place->index);
      if (packet->ssrc == *media_) statistics_.received(*place, packet->timestamp, now);
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
  pictures_.arrived(packet.payload, now);
  const Duration newest_before = clock_.newest();
  const Duration media = place.step == SequenceTracker::Step::Older
                             ? clock_.place_older(packet.timestamp, now)
                             : clock_.place_newest(packet.timestamp, now);
  if (options_.sync && !clock_.follows()) synchronise();
  if (now > clock_.due(media)) ++counters_.late;
  ring_.insert(place.index, packet.payload, media, place.skipped, packet.timestamp);
  ++counters_.received;
  // A packet of the stream's own SSRC that was asked for: the answer, or only late.
  const auto was = losses_.arrived(place.index);
  if (packet.ssrc != *media_ || was == LossRequests::Was::Asked) {
    count_recovered(Means::Retransmission);
  } else {
    statistics_.received(place, packet.timestamp, now);
  }
  const std::uint64_t expected = expected_;
  note_gap(place, newest_before, now);
  if (place.step != SequenceTracker::Step::Older)
    silence_.arrived(place.index - std::min(expected, place.index) + (packet.ssrc != *media_), now);
  solve(now);
}

// What is expected before `to` is missing. The output wants what came before it at `before`, and `to` at
// `after`.
void RtpReceiver::miss(std::uint64_t to, Time before, Time after, Time now) {
  if (!options_.repair) return;
  const std::uint64_t from = std::max(expected_, presumed_);
  if (to <= from) return;
  const Duration step = std::max(after - before, Duration{}) / static_cast<Duration::rep>(to - expected_ + 1);
  losses_.gap(from, to, before + step * static_cast<Duration::rep>(from - expected_), after, now);
}

void RtpReceiver::presume_lost(Time now) {
  const std::uint64_t end = expected_ + silence_.presumed(now);
  const Time newest = clock_.due(clock_.newest());
  miss(end, newest, newest + silence_.spacing() * static_cast<Duration::rep>(end + 1 - expected_), now);
  presumed_ = std::max(presumed_, end);
}

void RtpReceiver::note_gap(const SequenceTracker::Place& place, Duration before, Time now) {
  using Step = SequenceTracker::Step;
  switch (place.step) {
    case Step::Older:
      return;
    case Step::Newer:
      longest_run_ = std::max(longest_run_, place.index - std::min(expected_, place.index));
      miss(place.index, clock_.due(before), clock_.due(clock_.newest()), now);
      break;
    case Step::First:
    case Step::Jumped:
    case Step::Restarted:
      losses_.clear();
      silence_.stop();
      presumed_ = 0;
      if (parity_) parity_->clear();
      if (fec_) fec_->clear();
      break;
  }
  expected_ = std::max(expected_, place.index + 1);
}

void RtpReceiver::count_recovered(Means means) {
  ++counters_.recovered;
  switch (means) {
    case Means::Retransmission:
      ++counters_.by_retransmission;
      break;
    case Means::Parity:
      ++counters_.by_parity;
      break;
    case Means::Fec:
      ++counters_.by_fec;
      break;
  }
}

std::vector<ReceiverEvent> RtpReceiver::receive_parity(ByteView datagram, Time now) {
  std::vector<ReceiverEvent> events;
  const auto packet = parse_parity(datagram);
  const auto base = packet ? sequence_.index_of(packet->base) : std::nullopt;
  if (!options_.repair || !base) {
    ++counters_.foreign;
    return events;
  }
  const std::uint64_t end = *base + packet->count;
  if (end > expected_) {
    // It was sent after all of its window: what we have not seen of that is lost.
    const Time newest = clock_.due(clock_.newest());
    miss(end, newest, newest, now);
    longest_run_ = std::max(longest_run_, end - expected_);
    silence_.arrived(end - expected_, now);
    expected_ = end;
  }
  if (!parity_) parity_.emplace();
  losses_.answered(*base, end, packet->to_come, now);
  if (parity_->keep(*packet, *base)) solve(now);
  report_loss(now, events);
  return events;
}

void RtpReceiver::receive_fec(ByteView datagram, Time now) {
  const auto packet = parse_fec(datagram);
  const auto base = packet ? sequence_.index_of(packet->base) : std::nullopt;
  if (!options_.fec || !base) {
    ++counters_.foreign;
    return;
  }
  if (!fec_) fec_.emplace();
  fec_->keep(*packet, *base);
  solve(now);
}

void RtpReceiver::solve(Time now) {
  if (fec_ && fec_->waiting()) {
    fec_->solve(ring_, [&](std::uint64_t index, RtpTime timestamp, ByteView ts) {
      recovered(index, timestamp, ts, Means::Fec, now);
    });
  }
  if (parity_ && parity_->waiting()) {
    parity_->solve(ring_, [&](std::uint64_t index, RtpTime timestamp, ByteView ts) {
      recovered(index, timestamp, ts, Means::Parity, now);
    });
  }
}

void RtpReceiver::recovered(std::uint64_t index, RtpTime timestamp, ByteView ts, Means means, Time now) {
  if (ring_.fate(index) != PacketRing::Fate::Missing || !whole_ts_packets(ts)) return;
  ring_.insert(index, ts, clock_.place_older(timestamp, now), 0, timestamp);
  (void)losses_.arrived(index);
  ++counters_.received;
  count_recovered(means);
}

std::optional<Nack> RtpReceiver::next_request(Time now) {
  if (!options_.repair || !media_) return std::nullopt;
  presume_lost(now);
  losses_.passed(ring_.head());
  Nack nack{.form = Nack::Form::Bitmask, .ssrc = options_.ssrc, .media = *media_};
  // Of a window with parity only as many are asked for as are still needed.
  std::uint64_t window = 0, spare_window = 0;
  std::size_t spare = 0;
  losses_.collect(
      now,
      [&](std::uint64_t index) {
        const std::size_t held = parity_ ? parity_->held_for(index, window) : 0;
        if (held > 0 && window != spare_window) {
          spare_window = window;
          spare = held;
        }
        if (held == 0 || spare == 0) return nack.runs.size() < kMostRuns;
        --spare;
        return false;
      },
      [&](std::uint64_t index) {
        const std::uint16_t sequence = sequence_.sequence_of(index);
        if (!nack.runs.empty() &&
            static_cast<std::uint16_t>(sequence - nack.runs.back().first) == nack.runs.back().more + 1) {
          ++nack.runs.back().more;
        } else {
          nack.runs.push_back({sequence, 0});
        }
      });
  if (nack.runs.empty()) return std::nullopt;
  return nack;
}

void RtpReceiver::round_trip(Duration round_trip) {
  auto timing = losses_.timing();
  timing.round_trip = std::clamp<Duration>(round_trip, 0ns, options_.latency);
  losses_.set_timing(timing);
}

// With the source and one sink there is nobody to wait for.
void RtpReceiver::group_size(std::uint32_t members) {
  auto timing = losses_.timing();
  const bool alone = members <= 2;
  timing.gather = alone ? Duration{} : options_.latency / kLatencyParts;
  timing.dither =
      alone ? Duration{} : std::min<Duration>(options_.latency / kDitherParts, kDitherOfEach * members);
  losses_.set_timing(timing);
}

void RtpReceiver::sender_report(const SenderReport& report, Time now) {
  if (media_ != report.ssrc) return;
  statistics_.sender_report(report, now);
  source_clock_.media_clock(report.ntp, report.rtp);
  synchronise();
}

void RtpReceiver::clock_exchange(Time asked, Time answered, NtpTime source) {
  source_clock_.exchange(asked, answered, source);
  synchronise();
}

void RtpReceiver::synchronise() {
  const auto anchor = clock_.anchor();
  if (!options_.sync || !anchor) return;
  if (const auto when = source_clock_.when(*anchor)) clock_.follow(*when);
}

void RtpReceiver::expect(Delivery path) {
  watch_.expect(path);
  if (path == Delivery::Unicast) group_size(2);
}

void RtpReceiver::compare_group(Time) { watch_.compare_group(); }

void RtpReceiver::await_unicast(Time) { watch_.await_unicast(); }

void RtpReceiver::pause(Time) {
  watch_.pause();
  silence_.pause();
  pictures_.end();
  sequence_.pause();
}

// The source's clock may have stood still: the first packet tells.
void RtpReceiver::resume(Time now) {
  watch_.resume(now);
  silence_.resume();
  pictures_.begin(now);
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
  if (pictures_.due(now)) picture_ = Picture::Lost;
  report_loss(now, events);
  return events;
}

std::optional<Time> RtpReceiver::next_deadline() const {
  std::optional<Time> deadline = earliest(watch_.next_deadline(), pictures_.next_deadline());
  if (picture_ == Picture::Lost) deadline = earliest(deadline, next_picture_lost_);
  if (options_.repair)
    deadline = earliest(deadline, earliest(losses_.next_deadline(), silence_.next_deadline()));
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

PlayoutReport RtpReceiver::playout_report(Time now) {
  const Counters counters = this->counters(now);
  return {.ssrc = options_.ssrc,
          .received = static_cast<std::uint32_t>(counters.received),
          .lost = static_cast<std::uint32_t>(counters.lost),
          .recovered = static_cast<std::uint32_t>(counters.recovered),
          .late = static_cast<std::uint32_t>(counters.late),
          .delay_ms = to_ms16(counters.delay),
          .buffer_ms = to_ms16(counters.buffered),
          .by_retransmission = static_cast<std::uint32_t>(counters.by_retransmission),
          .by_parity = static_cast<std::uint32_t>(counters.by_parity),
          .by_fec = static_cast<std::uint32_t>(counters.by_fec),
          .longest_run = static_cast<std::uint16_t>(
              std::min<std::uint64_t>(std::exchange(longest_run_, 0), UINT16_MAX))};
}

}  // namespace wfdcast::stream
