#include "stream/source_clock.h"

#include <algorithm>
#include <span>

namespace wfdcast::stream {
namespace {

// From NTP's 32.32 seconds; differences of up to 34 years.
Duration difference(NtpTime later, NtpTime earlier) {
  const auto ticks = static_cast<std::int64_t>(later - earlier);
  return Duration((ticks >> 32) * 1'000'000'000 + ((ticks & 0xFFFF'FFFF) * 1'000'000'000 >> 32));
}

}  // namespace

void SourceClock::exchange(Time asked, Time answered, NtpTime source) {
  if (answered < asked) return;
  if (count_ == 0) origin_ = source;
  const Time middle = asked + (answered - asked) / 2;
  const Sample sample{.ahead = difference(source, origin_) - middle.time_since_epoch(),
                      .took = answered - asked};
  const Duration step = count_ == 0 ? 0ns : sample.ahead - best().ahead;
  if (step > kJump || step < -kJump) count_ = next_ = 0;
  samples_[next_] = sample;
  next_ = (next_ + 1) % kKept;
  count_ = std::min(count_ + 1, kKept);
}

void SourceClock::media_clock(NtpTime ntp, RtpTime rtp) { media_ = {ntp, rtp}; }

const SourceClock::Sample& SourceClock::best() const {
  return *std::ranges::min_element(std::span(samples_).first(count_), {}, &Sample::took);
}

std::optional<Time> SourceClock::when(RtpTime rtp) const {
  if (!media_ || count_ == 0) return std::nullopt;
  const auto ticks = static_cast<std::int32_t>(rtp.value - media_->rtp.value);
  const Duration media = Duration(std::int64_t{ticks} * 100'000 / 9);
  return Time(difference(media_->ntp, origin_) + media - best().ahead);
}

}  // namespace wfdcast::stream
