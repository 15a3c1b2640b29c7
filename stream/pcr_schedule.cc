#include "stream/pcr_schedule.h"

#include "stream/program_writer.h"

namespace wfdcast::stream {
namespace {

// PCRs are at most 100 ms apart (ISO 13818-1 section 2.7.2); files stretch it.
constexpr Ticks27 kLongestGap = 2 * 27'000'000;
// A file that comes later than this does not hurry to catch up.
constexpr Duration kCatchUp = 100ms;

// The number of the next TS packet that goes into `queue`: every RTP packet of
// a file is full.
std::uint64_t position_of(const RtpQueue& queue) {
  return queue.end() * kTsPacketsPerRtp + (queue.is_open() ? queue.slot(queue.end()).packets : 0);
}

}  // namespace

void PcrSchedule::start(RtpQueue& queue, Time now) {
  started_ = true;
  time_ = now;
  spread(queue, 0ns);
}

bool PcrSchedule::reference(Ticks27 pcr, RtpQueue& queue, Time now) {
  if (!started_) start(queue, now);
  bool follows = true;
  if (has_clock_) {
    const Ticks27 elapsed = pcr_difference(pcr, pcr_);
    follows = elapsed >= 0 && elapsed <= kLongestGap;
    interval_ = follows ? Duration(elapsed * 1000 / 27) : at_last_rate(queue);
    spread(queue, interval_);
  } else {
    spread(queue, at_last_rate(queue));
  }
  has_clock_ = true;
  pcr_ = pcr;
  if (time_ + kCatchUp < now) go_on(queue, now);
  return follows;
}

void PcrSchedule::extrapolate(RtpQueue& queue, Time now) {
  if (!started_) start(queue, now);
  const Time before = time_;
  spread(queue, at_last_rate(queue));
  pcr_ = pcr_plus(pcr_, (time_ - before).count() * 27 / 1000);
  if (time_ + kCatchUp < now) go_on(queue, now);
}

Duration PcrSchedule::at_last_rate(const RtpQueue& queue) const {
  const auto packets = static_cast<std::int64_t>(position_of(queue) - position_);
  return Duration(packets * step_ >> 16);
}

void PcrSchedule::spread(RtpQueue& queue, Duration length) {
  const std::uint64_t position = position_of(queue);
  const auto packets = static_cast<std::int64_t>(position - position_);
  const std::int64_t step = packets > 0 ? (length.count() << 16) / packets : 0;
  if (step > 0) step_ = step;
  for (; end_ * kTsPacketsPerRtp < position; ++end_) {
    RtpSlot& slot = queue.slot(end_);
    const auto before = static_cast<std::int64_t>(end_ * kTsPacketsPerRtp - position_);
    slot.due = time_ + Duration(before * step >> 16);
    if (slot.pcr != 0) stamp(queue, slot);
  }
  position_ = position;
  time_ += length;
}

void PcrSchedule::stamp(RtpQueue& queue, const RtpSlot& slot) const {
  // The value is that of the whole RTP packet, since it arrives as one.
  const Ticks27 elapsed = (slot.due - time_).count() * 27 / 1000;
  write_pcr(ProgramWriter::pcr_field(queue.ts(slot, slot.pcr - 1u)), pcr_plus(pcr_, elapsed));
}

void PcrSchedule::go_on(RtpQueue& queue, Time now) {
  const Duration late = now - (queue.begin() < end_ ? queue.slot(queue.begin()).due : time_);
  if (late <= 0ns) return;
  time_ += late;
  for (std::uint64_t number = queue.begin(); number < end_; ++number) queue.slot(number).due += late;
}

Time PcrSchedule::estimate(const RtpQueue& queue) const { return time_ + at_last_rate(queue); }

}  // namespace wfdcast::stream
