#include "stream/silence.h"

#include <utility>

namespace wfdcast::stream {
namespace {

constexpr int kSteps = 8;  // in which more is presumed, of the latency
constexpr int kAverage = 64;

}  // namespace

void Silence::arrived(std::uint64_t lost, Time now) {
  if (paused_) return;
  if (last_) {
    const Duration silence = now - *last_;
    const Duration each = silence / static_cast<Duration::rep>(lost + 1);
    spacing_ += (std::clamp<Duration>(each, 10us, 100ms) - spacing_) / kAverage;
    if (now >= memory_end_) {
      harmless_before_ = std::exchange(harmless_, Duration{});
      memory_end_ = now + kMemory;
    }
    if (lost == 0) harmless_ = std::max(harmless_, silence);
  }
  last_ = now;
  presumed_ = 0;
  steps_ = 0;
}

std::optional<Time> Silence::next_deadline() const {
  if (!last_) return std::nullopt;
  const Duration wait = patience() + steps_ * (latency_ / kSteps);
  return wait < latency_ ? std::optional(*last_ + wait) : std::nullopt;
}

std::uint64_t Silence::presumed(Time now) {
  if (const auto due = next_deadline(); due && *due <= now) {
    const auto sent = static_cast<std::uint64_t>((now - *last_) / spacing_);
    presumed_ = std::min(presumed_ + kAtOnce, sent);
    ++steps_;
  }
  return presumed_;
}

}  // namespace wfdcast::stream
