#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace wfdcast::stream {

// The packets that a sink misses, and when to ask for each: shortly after the
// gap was seen (it may be only reordering), again when no answer came, and no
// more when an answer could not come in time. In a group every sink waits a
// random while, so that one repair may come before many have asked.
class LossRequests {
 public:
  static constexpr std::size_t kMost = 512;  // remembered; more are not worth asking for
  static constexpr Duration kReorder = 2ms;
  // Behind the round trip: what the source's timers and a queue may add.
  static constexpr Duration kSlack = 4ms;
  // Parity of one answer comes in a row; what it left open is asked after that.
  static constexpr Duration kBetweenParity = 4ms;

  // A long answer to one sink comes at such a pace (RepairSender: 4 a millisecond); parity does not.
  static constexpr int kBunch = 8;
  static constexpr Duration kBunchTime = 2ms;
  // So many missing in a row are lost, not late.
  static constexpr std::uint64_t kNoReorder = 8;

  // How the source answers: at once, or after it has gathered requests.
  struct Timing {
    Duration round_trip = 20ms;
    Duration gather{};  // of a first request
    Duration dither{};  // the most that we wait at random before it
  };

  explicit LossRequests(std::uint64_t seed);

  void set_timing(const Timing& timing) { timing_ = timing; }
  [[nodiscard]] const Timing& timing() const { return timing_; }

  // Packets from `from` up to, not including `to` are missing. The output wants
  // the packet before them at `before`, the one after them at `after`.
  void gap(std::uint64_t from, std::uint64_t to, Time before, Time after, Time now);
  enum class Was : std::uint8_t { Unknown, Missing, Asked };
  // It came, in whatever way.
  Was arrived(std::uint64_t index);
  [[nodiscard]] bool was_asked(std::uint64_t index) const;
  // The output is past what is before `head`.
  void passed(std::uint64_t head);
  void clear() { missing_.clear(); }
  // Parity over these came, and `to_come` more of the same answer will.
  void answered(std::uint64_t from, std::uint64_t to, unsigned to_come, Time now);

  // Calls ask(index) for each packet that is to be asked for now, in order.
  // `needed(index)` may say that it will be solved without being asked for.
  template <class Needed, class Ask>
  void collect(Time now, Needed&& needed, Ask&& ask) {
    if (const auto due = next_deadline(); !due || *due > now) return;
    int position = 0;
    for (Missing& missing : missing_) {
      if (!askable(missing, now)) continue;
      if (now + timing_.round_trip > missing.due) {
        missing.next = Time::max();
        continue;
      }
      if (needed(missing.index)) ask(missing.index);
      missing.next = now + patience(missing, position++);
      ++missing.asked;
    }
  }
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  struct Missing {
    std::uint64_t index;
    Time due, since, next;
    int asked = 0;
  };
  [[nodiscard]] std::vector<Missing>::const_iterator find(std::uint64_t index) const;
  [[nodiscard]] bool askable(const Missing& missing, Time now) const;
  // `position`: among those that are asked for together.
  [[nodiscard]] Duration patience(const Missing& missing, int position) const;

  Timing timing_;
  Random random_;
  std::vector<Missing> missing_;  // in order
};

}  // namespace wfdcast::stream
