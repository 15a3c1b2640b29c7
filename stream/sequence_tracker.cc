#include "stream/sequence_tracker.h"

#include <cstdlib>

namespace wfdcast::stream {
namespace {

int distance(std::uint16_t to, std::uint16_t from) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(to - from));
}

}  // namespace

std::optional<SequenceTracker::Place> SequenceTracker::place(std::uint16_t sequence) {
  if (!started_) return begin(sequence);
  const int step = distance(sequence, static_cast<std::uint16_t>(highest_));
  const bool is_far = std::abs(step) > kMaxJump;
  const bool paused = flow_ != Flow::Running;
  if (flow_ == Flow::Resuming && (step > 0 || is_far)) flow_ = Flow::Running;
  if (paused && (step > 1 || is_far)) return restart(sequence);
  if (is_far) return far(sequence);
  suspect_.reset();
  const std::uint64_t extended = highest_ + static_cast<std::uint64_t>(std::int64_t{step});
  if (extended < floor_) return std::nullopt;
  if (step > 0) highest_ = extended;
  return Place{step > 0 ? Step::Newer : Step::Older, extended, extended - holes_, 0};
}

std::optional<std::uint64_t> SequenceTracker::index_of(std::uint16_t sequence) const {
  const int step = distance(sequence, static_cast<std::uint16_t>(highest_));
  const std::uint64_t extended = highest_ + static_cast<std::uint64_t>(std::int64_t{step});
  if (!started_ || std::abs(step) > kMaxJump || extended < floor_) return std::nullopt;
  return extended - holes_;
}

void SequenceTracker::resume() {
  if (flow_ == Flow::Paused) flow_ = Flow::Resuming;
}

// One cycle of room below, so that packets older than the first have numbers.
SequenceTracker::Place SequenceTracker::begin(std::uint16_t sequence) {
  started_ = true;
  highest_ = 0x1'0000 + std::uint64_t{sequence};
  return {Step::First, highest_, highest_, 0};
}

std::optional<SequenceTracker::Place> SequenceTracker::far(std::uint16_t sequence) {
  const int since_suspect = suspect_ ? distance(sequence, *suspect_) : -1;
  // The copy of the suspect by the other path neither confirms nor refutes.
  if (since_suspect == 0) return std::nullopt;
  if (since_suspect < 0 || since_suspect > kConfirmWithin) {
    suspect_ = sequence;
    return std::nullopt;
  }
  const auto ahead = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(highest_));
  Place place = restart(sequence);
  if (ahead < 0x8000) {
    place.step = Step::Jumped;
    place.skipped = ahead - 1U;
  }
  return place;
}

SequenceTracker::Place SequenceTracker::restart(std::uint16_t sequence) {
  suspect_.reset();
  const auto ahead = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(highest_));
  highest_ += ahead;
  floor_ = highest_;
  holes_ += ahead - 1U;
  return {Step::Restarted, highest_, highest_ - holes_, 0};
}

}  // namespace wfdcast::stream
