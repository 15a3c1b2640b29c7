#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

// The bitrate that the encoder is asked for: additive increase, multiplicative decrease, by the worst sink
// that counts. One that stays bad at the least bitrate counts no more until it is good again: less would not
// help it, and the others shall not pay for it.
//
// Its owner gives it what sinks report and calls tick() at next_deadline().
class RateControl {
 public:
  static constexpr Duration kInterval = 1s;
  // After a decrease nothing is decided for so long: what is reported then is of before.
  static constexpr Duration kReaction = 2s;
  // From the least to the most in so many intervals, when all is well.
  static constexpr std::uint64_t kSteps = 8;
  static constexpr std::uint64_t kDecrease = 70;  // per cent that are left
  // Missing at the output: one in a hundred is a picture that breaks every second.
  static constexpr double kBadResidual = 0.01, kGoodResidual = 0.001;
  // Lost on the way, repaired or not: beyond it repair itself fills the air.
  static constexpr double kBadLoss = 0.15, kGoodLoss = 0.1;
  // The round trip above its least: a queue grows. That long twice in a row.
  static constexpr Duration kQueue = 60ms;
  static constexpr int kQueueRun = 2;
  static constexpr Duration kBase = 60s;      // the least round trip is that of the last one to two of these
  static constexpr Duration kHopeless = 10s;  // bad for so long at the least bitrate
  static constexpr Duration kSilent = 15s;    // no report for so long: it says nothing

  struct Limits {
    std::uint64_t least = 1'000'000, most = 8'000'000;  // bit/s
  };
  // What is known: absent parts say nothing.
  struct Report {
    std::optional<double> loss{}, residual{};  // parts of the packets
    std::optional<Duration> round_trip{};
  };

  explicit RateControl(Limits limits) : limits_(limits), bitrate_(limits.most) {}

  void set_limits(Limits limits);
  void report(SessionId id, const Report& report, Time now);
  void remove(SessionId id) { sinks_.erase(id); }
  // True: the encoder is to be told bitrate().
  [[nodiscard]] bool tick(Time now);
  [[nodiscard]] Time next_deadline() const { return next_; }
  [[nodiscard]] std::uint64_t bitrate() const { return bitrate_; }

 private:
  enum class Air : std::uint8_t { Clear, Busy, Overloaded };
  struct Sink {
    std::optional<Report> latest;
    Time heard{};
    Duration least = Duration::max(), previous_least = Duration::max();  // round trips
    Time base_end{};
    int queue_run = 0;
    std::optional<Time> bad_since, good_since;
    bool hopeless = false;
  };
  [[nodiscard]] static Air air(const Sink& sink);
  void judge(Sink& sink, Air air, Time now) const;

  Limits limits_;
  std::uint64_t bitrate_;
  std::map<SessionId, Sink> sinks_;
  Time next_{}, settled_{};
};

}  // namespace wfdcast::stream
