#include "stream/rate_control.h"

namespace wfdcast::stream {

void RateControl::set_limits(Limits limits) {
  const bool at_most = bitrate_ == limits_.most;
  limits_ = limits;
  bitrate_ = at_most ? limits.most : std::clamp(bitrate_, std::min(limits.least, limits.most), limits.most);
}

void RateControl::report(SessionId id, const Report& report, Time now) {
  Sink& sink = sinks_[id];
  sink.heard = now;
  if (!sink.latest) sink.latest = Report{};
  if (report.loss) sink.latest->loss = report.loss;
  if (report.residual) sink.latest->residual = report.residual;
  if (!report.round_trip) return;
  sink.latest->round_trip = report.round_trip;
  if (now >= sink.base_end) {
    sink.previous_least = sink.least;
    sink.least = *report.round_trip;
    sink.base_end = now + kBase;
  }
  sink.least = std::min(sink.least, *report.round_trip);
  const Duration base = std::min(sink.least, sink.previous_least);
  sink.queue_run = *report.round_trip - base >= kQueue ? sink.queue_run + 1 : 0;
}

RateControl::Air RateControl::air(const Sink& sink) {
  const double residual = sink.latest->residual.value_or(0), loss = sink.latest->loss.value_or(0);
  if (residual >= kBadResidual || loss >= kBadLoss || sink.queue_run >= kQueueRun) return Air::Overloaded;
  if (residual >= kGoodResidual || loss >= kGoodLoss || sink.queue_run > 0) return Air::Busy;
  return Air::Clear;
}

// Whether the sink counts, from now on.
void RateControl::judge(Sink& sink, Air air, Time now) const {
  const bool at_least = bitrate_ <= std::min(limits_.least, limits_.most);
  if (air != Air::Overloaded || (!at_least && !sink.hopeless)) sink.bad_since.reset();
  if (air != Air::Clear) sink.good_since.reset();
  if (air == Air::Overloaded && at_least && !sink.bad_since) sink.bad_since = now;
  if (air == Air::Clear && !sink.good_since) sink.good_since = now;
  if (sink.bad_since && now - *sink.bad_since >= kHopeless) sink.hopeless = true;
  if (sink.good_since && now - *sink.good_since >= kHopeless) sink.hopeless = false;
}

bool RateControl::tick(Time now) {
  if (now < next_) return false;
  next_ = now + kInterval;
  Air worst = Air::Clear;
  for (auto& [id, sink] : sinks_) {
    if (!sink.latest || now - sink.heard > kSilent) continue;
    const Air here = air(sink);
    judge(sink, here, now);
    if (!sink.hopeless) worst = std::max(worst, here);
  }
  if (now < settled_) return false;
  const std::uint64_t least = std::min(limits_.least, limits_.most), before = bitrate_;
  switch (worst) {
    case Air::Clear:
      bitrate_ =
          std::min(limits_.most, bitrate_ + std::max<std::uint64_t>((limits_.most - least) / kSteps, 1));
      break;
    case Air::Busy:
      break;
    case Air::Overloaded:
      bitrate_ = std::max(least, bitrate_ * kDecrease / 100);
      settled_ = now + kReaction;
      break;
  }
  return bitrate_ != before;
}

}  // namespace wfdcast::stream
