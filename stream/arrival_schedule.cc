#include "stream/arrival_schedule.h"

#include <algorithm>
#include <cstdlib>

namespace wfdcast::stream {
namespace {

constexpr Ticks27 kJump = 27'000'000;  // 1 s: no jitter is that large
constexpr Ticks27 kFilter = 64;        // a PCR moves the clock by this part of its error,
constexpr Ticks27 kSlowest = 5'000;    // and by at most this part (200 ppm) of the time since the last one
// Wi-Fi queues take this without loss: wider gaps only add delay.
constexpr Duration kWidestGap = 1ms;

}  // namespace

bool ArrivalClock::reference(Ticks27 pcr, Time now) {
  const Ticks27 expected = at(now);
  const Ticks27 error = pcr_difference(pcr, expected);
  const Ticks27 most = std::max<Ticks27>(ticks_of(now - time_) / kSlowest, 0);
  const bool first = !known_;
  const bool follows = known_ && std::abs(error) < kJump;
  pcr_ = follows ? pcr_plus(expected, std::clamp(error / kFilter, -most, most)) : pcr;
  time_ = now;
  known_ = true;
  return first || follows;
}

Ticks27 ArrivalClock::at(Time time) const { return pcr_plus(pcr_, ticks_of(time - time_)); }

Time ArrivalSchedule::due(const RtpQueue& queue) const {
  const Time arrived = queue.slot(queue.begin()).since;
  return std::clamp(next_, arrived, arrived + spread_);
}

void ArrivalSchedule::sent(const RtpQueue& queue) {
  const Time due_now = due(queue);
  const auto behind = static_cast<std::int64_t>(queue.end() - queue.begin()) - 1;
  next_ = due_now;
  if (behind <= 0) return;
  const Duration left = queue.slot(queue.end() - 1).since + spread_ - due_now;
  next_ += std::clamp(left / behind, 0ns, kWidestGap);
}

}  // namespace wfdcast::stream
