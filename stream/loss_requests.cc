#include "stream/loss_requests.h"

#include <algorithm>

namespace wfdcast::stream {

LossRequests::LossRequests(std::uint64_t seed) : random_(seed) { missing_.reserve(kMost); }

void LossRequests::gap(std::uint64_t from, std::uint64_t to, Time before, Time after, Time now) {
  const std::size_t room = kMost - missing_.size();
  const std::uint64_t end = std::min<std::uint64_t>(to, from + room);
  const Duration reorder = to - from < kNoReorder ? kReorder : Duration{};
  const Duration wait = reorder + std::chrono::duration_cast<Duration>(timing_.dither * random_.unit());
  const Duration step = std::max(after - before, Duration{}) / static_cast<Duration::rep>(to - from + 1);
  for (std::uint64_t index = from; index < end; ++index) {
    const Time due = before + step * static_cast<Duration::rep>(index - from + 1);
    missing_.push_back({index, due, now, now + wait});
  }
}

std::vector<LossRequests::Missing>::const_iterator LossRequests::find(std::uint64_t index) const {
  const auto found = std::lower_bound(missing_.begin(), missing_.end(), index,
                                      [](const Missing& m, std::uint64_t i) { return m.index < i; });
  return found != missing_.end() && found->index == index ? found : missing_.end();
}

bool LossRequests::was_asked(std::uint64_t index) const {
  const auto found = find(index);
  return found != missing_.end() && found->asked > 0;
}

LossRequests::Was LossRequests::arrived(std::uint64_t index) {
  const auto found = find(index);
  if (found == missing_.end()) return Was::Unknown;
  const Was was = found->asked > 0 ? Was::Asked : Was::Missing;
  missing_.erase(found);
  return was;
}

void LossRequests::passed(std::uint64_t head) {
  const auto kept =
      std::find_if(missing_.begin(), missing_.end(), [&](const Missing& m) { return m.index >= head; });
  missing_.erase(missing_.begin(), kept);
}

void LossRequests::answered(std::uint64_t from, std::uint64_t to, unsigned to_come, Time now) {
  for (Missing& missing : missing_) {
    if (missing.index < from || missing.index >= to || missing.next == Time::max()) continue;
    missing.next = now + kReorder + kBetweenParity / 8 * to_come;
    missing.asked = std::max(missing.asked, 1);  // the source knows the window: it will not gather again
  }
}

// What was just seen missing goes along with what is due.
bool LossRequests::askable(const Missing& missing, Time now) const {
  if (missing.next <= now) return true;
  return missing.asked == 0 && missing.since + kReorder <= now;
}

Duration LossRequests::patience(const Missing& missing, int position) const {
  const Duration answer = timing_.round_trip + std::max(kSlack, timing_.round_trip / 4);
  const Duration wait = answer + (missing.asked == 0 ? timing_.gather : kBetweenParity);
  const bool one_by_one = timing_.gather == Duration{};
  return one_by_one ? wait + kBunchTime * ((position + kBunch - 1) / kBunch) : wait;
}

std::optional<Time> LossRequests::next_deadline() const {
  std::optional<Time> deadline;
  for (const Missing& missing : missing_) {
    if (missing.next != Time::max()) deadline = earliest(deadline, missing.next);
  }
  return deadline;
}

}  // namespace wfdcast::stream
