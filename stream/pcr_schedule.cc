#include "stream/pcr_schedule.h"

#include <algorithm>

#include "stream/program_writer.h"

namespace wfdcast::stream {
namespace {

// PCRs are at most 100 ms apart (ISO 13818-1 section 2.7.2); files stretch it.
constexpr Ticks27 kLongestGap = 2 * 27'000'000;
// The most that our clock may be ahead of the file's; a greater step is a jump.
constexpr Ticks27 kMostDebt = 27'000'000;
// A file that comes later than this does not hurry to catch up.
constexpr Duration kCatchUp = 100ms;

}  // namespace

void PcrSchedule::start(RtpQueue& queue, Time now) {
  started_ = true;
  time_ = now;
  spread(queue, 0ns);
}

bool PcrSchedule::reference(Ticks27 pcr, RtpQueue& queue, Time now) {
  if (!started_) start(queue, now);
  const Ticks27 ahead = pcr_difference(pcr, pcr_);
  const bool follows = has_clock_ && ahead > -kMostDebt && ahead <= kLongestGap;
  interval_ = follows ? length_of_gap(ahead, pcr_difference(pcr, input_), queue) : at_last_rate(queue);
  spread(queue, interval_);
  const bool first = !has_clock_;
  has_clock_ = true;
  const bool at_one = !follows || interval_ == duration_of(ahead);
  pcr_ = at_one ? pcr : pcr_plus(pcr_, ticks_of(interval_));
  input_ = pcr;
  if (time_ + kCatchUp < now) go_on(queue, now);
  return follows || first;
}

// Where a file begins again, its clock may stand before ours: a multiplex of
// constant rate ends later than its pictures do. Ours does not turn back then;
// the packets go at up to twice their rate until both are one again.
Duration PcrSchedule::length_of_gap(Ticks27 ahead, Ticks27 elapsed, const RtpQueue& queue) const {
  const Duration natural = elapsed >= 0 ? duration_of(elapsed) : at_last_rate(queue);
  return std::max(duration_of(ahead), natural / 2);
}

void PcrSchedule::extrapolate(RtpQueue& queue, Time now) {
  if (!started_) start(queue, now);
  const Time before = time_;
  spread(queue, at_last_rate(queue));
  input_ = pcr_ = pcr_plus(pcr_, ticks_of(time_ - before));
  if (time_ + kCatchUp < now) go_on(queue, now);
}

void PcrSchedule::spread(RtpQueue& queue, Duration length) {
  const std::uint64_t position = queue.written();
  const auto packets = static_cast<std::int64_t>(position - position_);
  const std::int64_t step = packets > 0 ? (length.count() << 16) / packets : 0;
  if (step > 0) step_ = step;
  for (; end_ < queue.end() || (end_ == queue.end() && queue.is_open()); ++end_) {
    RtpSlot& slot = queue.slot(end_);
    const auto before = static_cast<std::int64_t>(slot.first - position_);
    slot.due = time_ + Duration(before * step >> 16);
    if (slot.pcr != 0) stamp(queue, slot);
  }
  position_ = position;
  time_ += length;
}

void PcrSchedule::stamp(RtpQueue& queue, const RtpSlot& slot) const {
  // The value is that of the whole RTP packet, since it arrives as one.
  const Ticks27 value = pcr_plus(pcr_, ticks_of(slot.due - time_));
  write_pcr(ProgramWriter::pcr_field(queue.ts(slot, slot.pcr - 1u)), value);
}

void PcrSchedule::go_on(RtpQueue& queue, Time now) {
  const Duration late = now - (queue.begin() < end_ ? queue.slot(queue.begin()).due : time_);
  if (late <= 0ns) return;
  time_ += late;
  for (std::uint64_t number = queue.begin(); number < end_; ++number) queue.slot(number).due += late;
}

}  // namespace wfdcast::stream
