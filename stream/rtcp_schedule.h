#pragma once

#include <algorithm>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace wfdcast::stream {

// When to send an RTCP compound (RFC 3550 sections 6.2, 6.3): all members
// together use 5 % of the session's bandwidth, senders a quarter of that while
// they are few. The interval is jittered, and reconsidered when it is over: who
// learns meanwhile of many others waits on. The least interval is 1 s, not the
// 5 s of RFC 3550: RFC 4585 section 3.5.2 leaves it to the session.
class RtcpSchedule {
 public:
  static constexpr Duration kLeastInterval = 1s;
  static constexpr std::size_t kIpAndUdp = 28;  // bytes of headers, which count

  enum class Role : std::uint8_t { Source, Sink };
  struct Options {
    Role role = Role::Sink;
    std::uint64_t bandwidth = 8'000'000;  // of the session, bit/s
    std::uint32_t members = 2;            // the source and its sinks
  };

  RtcpSchedule(const Options& options, std::uint64_t seed, Time start)
      : options_(options), random_(seed), previous_(start), next_(start + jittered() / 2) {}

  // True when a report is to be sent now; then the owner calls sent().
  [[nodiscard]] bool due(Time now) {
    if (now < next_) return false;
    next_ = std::max(now, previous_ + jittered());
    return next_ <= now;
  }
  // A compound of `size` bytes left.
  void sent(std::size_t size, Time now) {
    average_size_ += (static_cast<double>(size + kIpAndUdp) - average_size_) / 16;
    previous_ = now;
    next_ = now + jittered();
  }
  // Fewer members: the plan shrinks with them (reverse reconsideration).
  void set_members(std::uint32_t members, Time now) {
    members = std::max(members, 2U);
    if (members < options_.members) {
      const double share = static_cast<double>(members) / options_.members;
      next_ = now + scaled(std::max(next_ - now, Duration{}), share);
      previous_ = now - scaled(now - previous_, share);
    }
    options_.members = members;
  }
  void set_bandwidth(std::uint64_t bandwidth) {
    options_.bandwidth = std::max<std::uint64_t>(bandwidth, 64'000);
  }

  [[nodiscard]] Time next_deadline() const { return next_; }
  [[nodiscard]] std::uint32_t members() const { return options_.members; }
  [[nodiscard]] std::uint16_t average_size() const { return static_cast<std::uint16_t>(average_size_); }
  // Td of section 6.3.1, without jitter.
  [[nodiscard]] Duration interval() const {
    double octets_a_second = static_cast<double>(options_.bandwidth) / 8 * 0.05;
    double sharing = options_.members;
    if (options_.members > 4) {  // the one sender is less than a quarter of them
      const bool source = options_.role == Role::Source;
      octets_a_second *= source ? 0.25 : 0.75;
      sharing = source ? 1 : options_.members - 1;
    }
    const std::chrono::duration<double> seconds(average_size_ * sharing / octets_a_second);
    return std::max<Duration>(kLeastInterval, std::chrono::duration_cast<Duration>(seconds));
  }

 private:
  // The divisor makes up for what reconsideration adds on the average: e - 3/2.
  [[nodiscard]] Duration jittered() { return scaled(interval(), (0.5 + random_.unit()) / 1.21828); }
  [[nodiscard]] static Duration scaled(Duration interval, double by) {
    return std::chrono::duration_cast<Duration>(interval * by);
  }

  Options options_;
  Random random_;
  double average_size_ = 120;  // of our compounds, at first
  Time previous_, next_;
};

}  // namespace wfdcast::stream
