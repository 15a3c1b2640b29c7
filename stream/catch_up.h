#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

// Sinks that begin with the last key picture of a stream that runs: each gets a copy of what was sent since,
// by unicast and faster than the stream, until it has caught up. So they need no key picture of their own.
//
// Packets have the numbers of TsFeed.
class CatchUp {
 public:
  // More at once would take the air from the stream: one key picture for all is cheaper then.
  static constexpr std::size_t kMost = 2;
  static constexpr Duration kInterval = 1ms;
  // In each interval so many packets, or a multiple of what the stream itself sends.
  static constexpr std::uint64_t kLeast = 4, kSpeed = 4;

  // False: too many catch up already.
  [[nodiscard]] bool begin(SessionId id, std::uint64_t first, Time now);
  void remove(SessionId id);
  [[nodiscard]] bool empty() const { return sinks_.empty(); }

  // Calls out(SessionId, first, end) for the packets that are to be sent now. `taken`: the stream has sent
  // what is before it; `rate`: packets a second. What comes back has caught up, and needs the stream from now
  // on.
  template <class Out>
  [[nodiscard]] std::vector<SessionId> take(std::uint64_t taken, std::uint64_t rate, Time now, Out&& out) {
    std::vector<SessionId> done;
    if (sinks_.empty() || now < next_) return done;
    const auto intervals =
        static_cast<std::uint64_t>(std::clamp<Duration>(now - next_, 0ns, kLate) / kInterval) + 1;
    const std::uint64_t each = std::max(kLeast, rate * kSpeed / (1s / kInterval)) * intervals;
    for (Sink& sink : sinks_) {
      const std::uint64_t end = std::min(sink.next + each, taken);
      out(sink.id, sink.next, end);
      sink.next = end;
      if (end == taken) done.push_back(sink.id);
    }
    for (const SessionId id : done) remove(id);
    next_ = now + kInterval;
    return done;
  }
  [[nodiscard]] std::optional<Time> next_deadline() const {
    return sinks_.empty() ? std::nullopt : std::optional(next_);
  }
  // The oldest packet that one of them still needs.
  [[nodiscard]] std::optional<std::uint64_t> oldest() const;
  // Nothing is sent any more: all of them.
  [[nodiscard]] std::vector<SessionId> give_up();

 private:
  // A timer that is late has this much made good.
  static constexpr Duration kLate = 4 * kInterval;
  struct Sink {
    SessionId id;
    std::uint64_t next = 0;
  };
  std::vector<Sink> sinks_;
  Time next_{};
};

}  // namespace wfdcast::stream
