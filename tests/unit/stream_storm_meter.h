#pragma once

#include <algorithm>

#include "stream/repair_sender.h"

namespace wfdcast::stream::test {

// Repair against the stream, second by second: a storm would be seen here.
class StormMeter {
 public:
  // So much was sent, repaired and asked for until `now`.
  void look(Time now, std::uint64_t sent, const RepairSender::Counters& counters, std::uint64_t requests) {
    if (now - since_ < 1s) return;
    const std::uint64_t repairs = counters.retransmitted + counters.parity;
    if (since_ != Time{} && sent > sent_)
      most_repairs_ = std::max(most_repairs_,
                               static_cast<double>(repairs - repairs_) / static_cast<double>(sent - sent_));
    most_requests_ = std::max(most_requests_, requests - requests_);
    since_ = now;
    sent_ = sent;
    repairs_ = repairs;
    requests_ = requests;
  }

  // The most in any second: requests of all sinks, and repairs for one packet of the stream.
  [[nodiscard]] std::uint64_t most_requests_a_second() const { return most_requests_; }
  [[nodiscard]] double most_repairs_a_packet() const { return most_repairs_; }

 private:
  Time since_{};
  std::uint64_t sent_ = 0, repairs_ = 0, requests_ = 0, most_requests_ = 0;
  double most_repairs_ = 0;
};

}  // namespace wfdcast::stream::test
