#pragma once

#include <optional>

#include "base/time.h"

namespace wfdcast {

// Lets one of many requests through in each period. The last of a burst is
// late, never lost: what it was about may have happened after the first.
class Coalescer {
 public:
  explicit Coalescer(Duration period) : period_(period) {}

  // True: act now. False: due() will say when.
  [[nodiscard]] bool request(Time now) {
    pending_ = next_ && now < *next_;
    if (!pending_) next_ = now + period_;
    return !pending_;
  }
  // True once when a held request's time has come.
  [[nodiscard]] bool due(Time now) { return pending_ && now >= *next_ && request(now); }
  void cancel() { pending_ = false; }
  [[nodiscard]] std::optional<Time> deadline() const { return pending_ ? next_ : std::nullopt; }

 private:
  Duration period_;
  std::optional<Time> next_;
  bool pending_ = false;
};

}  // namespace wfdcast
