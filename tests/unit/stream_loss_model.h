#pragma once

#include <optional>

#include "base/random.h"
#include "base/time.h"

namespace wfdcast::stream::test {

// Loses packets: each by itself, or in bursts (Gilbert and Elliott: a good state
// that loses none and a bad one that loses all; `burst` is the mean length of
// the bad one in packets).
class LossModel {
 public:
  LossModel(double loss, double burst, std::uint64_t seed)
      : random_(seed),
        leave_bad_(burst > 1 ? 1 / burst : 1 - loss),
        leave_good_(loss >= 1 ? 1 : (burst > 1 ? loss / (1 - loss) / burst : loss)) {}
  bool loses() {
    const double draw = random_.unit();
    bad_ = bad_ ? draw >= leave_bad_ : draw < leave_good_;
    return bad_;
  }

 private:
  Random random_;
  double leave_bad_, leave_good_;
  bool bad_ = false;
};

// The air that all share: so many bits a second, and a queue before it. What finds the queue full is lost.
class Air {
 public:
  static constexpr Duration kQueue = 150ms;
  // 0: without end.
  void set_capacity(double bits_a_second) { capacity_ = bits_a_second; }
  // When a packet that is sent now has left; nullopt: it is lost.
  [[nodiscard]] std::optional<Time> leaves(std::size_t bytes, Time now) {
    if (capacity_ <= 0) return now;
    free_ = std::max(free_, now);
    if (free_ - now > kQueue) return std::nullopt;
    free_ += Duration(static_cast<Duration::rep>(static_cast<double>(bytes) * 8e9 / capacity_));
    return free_;
  }
  [[nodiscard]] Duration queue(Time now) const { return std::max(free_ - now, Duration{}); }

 private:
  double capacity_ = 0;
  Time free_{};
};

}  // namespace wfdcast::stream::test
