#pragma once

#include <cstdint>
#include <optional>

namespace wfdcast::stream {

// Turns 16-bit sequence numbers into running ones (RFC 3550 appendix A.1). A
// number far from the others counts only when the next one confirms it.
class SequenceTracker {
 public:
  // What a packet is to those before it.
  enum class Step : std::uint8_t {
    First,
    Older,      // reordered, or a copy
    Newer,      // the highest so far
    Jumped,     // forward by more than kMaxJump: the link was away
    Restarted,  // backward, or after a pause: the sender began again
  };
  struct Place {
    Step step = Step::First;
    std::uint64_t extended = 0;  // what RTCP reports: the cycles above, the number below
    std::uint64_t index = 0;     // the same without the holes of jumps; orders the ring
    std::uint32_t skipped = 0;   // packets that a jump left out before this one
  };
  static constexpr int kMaxJump = 3000;      // 0.6 s at 50 Mbit/s
  static constexpr int kConfirmWithin = 16;  // numbers between the two that agree on a jump

  // nullopt: too far from the others, and not confirmed.
  [[nodiscard]] std::optional<Place> place(std::uint16_t sequence);
  // The numbers that the sender uses without us, from now until the first
  // packet after resume(), are not missing.
  void pause() { flow_ = Flow::Paused; }
  void resume();
  // The index of a packet that may not have come yet; nullopt: far from the others.
  [[nodiscard]] std::optional<std::uint64_t> index_of(std::uint16_t sequence) const;
  [[nodiscard]] std::uint16_t sequence_of(std::uint64_t index) const {
    return static_cast<std::uint16_t>(index + holes_);
  }

 private:
  enum class Flow : std::uint8_t { Running, Paused, Resuming };
  [[nodiscard]] std::optional<Place> far(std::uint16_t sequence);
  [[nodiscard]] Place begin(std::uint16_t sequence);
  [[nodiscard]] Place restart(std::uint16_t sequence);

  bool started_ = false;
  std::uint64_t highest_ = 0;  // extended
  std::uint64_t floor_ = 0;    // extended; what is below belongs to before the last jump
  std::uint64_t holes_ = 0;    // extended - index, since the last jump
  std::optional<std::uint16_t> suspect_;
  Flow flow_ = Flow::Running;
};

}  // namespace wfdcast::stream
