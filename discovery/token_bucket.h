#pragma once

#include <algorithm>

#include "base/time.h"

namespace wfdcast::discovery {

// Limits how often something happens: `burst` at once, `rate` a second after
// that, so at most `rate + burst` in any second.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  // Takes one token if more than `reserve` tokens are there.
  [[nodiscard]] bool take(Time now, double reserve = 0) {
    if (now > filled_) {
      const double seconds = std::chrono::duration<double>(now - filled_).count();
      tokens_ = std::min(burst_, tokens_ + seconds * rate_);
      filled_ = now;
    }
    if (tokens_ < reserve + 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double rate_, burst_, tokens_;
  Time filled_{};
};

}  // namespace wfdcast::discovery
