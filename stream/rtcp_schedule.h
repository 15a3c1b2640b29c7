#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace wfdcast::stream {

// When to send an RTCP compound: an interval jittered by 0.5 to 1.5, so that
// sinks that began together do not stay together; the first after half of it
// (RFC 3550 section 6.2).
class RtcpSchedule {
 public:
  static constexpr Duration kInterval = 1s;

  RtcpSchedule(std::uint64_t seed, Time start) : random_(seed), next_(start + jittered(kInterval / 2)) {}

  // True when a report is due; plans the next one.
  [[nodiscard]] bool due(Time now) {
    if (now < next_) return false;
    next_ = now + jittered(kInterval);
    return true;
  }
  [[nodiscard]] Time next_deadline() const { return next_; }

 private:
  Duration jittered(Duration interval) {
    return std::chrono::duration_cast<Duration>(interval * (0.5 + random_.unit()));
  }

  Random random_;
  Time next_;
};

}  // namespace wfdcast::stream
