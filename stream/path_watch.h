#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "stream/path_comparison.h"
#include "stream/receiver_event.h"
#include "wfd/transport.h"

namespace wfdcast::stream {

// Which path the packets are expected on, and what is said when they do not
// come there: the receiving half of a move.
class PathWatch {
 public:
  static constexpr Duration kSilence = 300ms;  // the group stopped
  static constexpr Duration kAskAgain = 1s;    // the group was never heard
  static constexpr Duration kGiveUp = 3s;

  explicit PathWatch(Duration latency) : comparison_(latency) {}

  void expect(Delivery path);
  void compare_group();
  void await_unicast() { phase_ = Phase::Returning; }
  void pause() { flow_ = Flow::Paused; }
  void resume(Time now);

  void arrived(Delivery path, std::uint64_t index, Time now, std::vector<ReceiverEvent>& events);
  void tick(Time now, std::vector<ReceiverEvent>& events);
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  enum class Phase : std::uint8_t {
    Unicast,
    Comparing,
    Compared,  // the verdict was given; the owner says what to expect
    Group,
    Returning,  // until the first unicast packet
  };
  enum class Group : std::uint8_t { Unheard, Heard, Silent };
  enum class Flow : std::uint8_t { Running, Paused };

  [[nodiscard]] bool watching() const;
  void wait_for_group(Time now, std::vector<ReceiverEvent>& events);
  void begin_waiting();

  PathComparison comparison_;
  Phase phase_ = Phase::Unicast;
  Group group_ = Group::Unheard;
  Flow flow_ = Flow::Running;
  Time last_packet_{};                // by either path
  std::optional<Time> waiting_from_;  // Unheard: since when it ought to be heard
  std::int64_t asked_ = 0;            // GroupMissing given
};

}  // namespace wfdcast::stream
