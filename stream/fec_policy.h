#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "stream/fec.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

// Which FEC is worth sending, by what the worst sink of the group loses and
// requests do not repair: how much of it decides how many FEC packets, its
// longest burst how wide the matrix is; none while the air is clean.
class FecPolicy {
 public:
  static constexpr double kClean = 0.002, kSome = 0.02, kMuch = 0.05;
  // Less is sent only when the loss was lower for so long.
  static constexpr Duration kHold = 10s;

  // What part of the packets a sink lacks in spite of its requests, or would
  // without FEC when it makes none; the most that were lost in a row on the way;
  // and how many packets its receive buffer holds.
  struct Report {
    double loss = 0;
    unsigned longest_run = 1;
    std::uint64_t in_time = 0;
  };

  // `fixed`: this matrix, whenever one is worth sending.
  explicit FecPolicy(std::optional<FecMatrix> fixed = {}) : fixed_(fixed) {}

  void report(SessionId id, const Report& report, Time now);
  void remove(SessionId id) { sinks_.erase(id); }
  [[nodiscard]] std::optional<FecMatrix> matrix() const;

 private:
  template <class T>
  struct Highest {  // of the last kHold
    T value{};
    Time since{};
    void see(T seen, Time now) {
      if (seen >= value || now - since > kHold) *this = {seen, now};
    }
  };
  struct Sink {
    Highest<double> loss;
    Highest<unsigned> run;
    std::uint64_t in_time = 0;
  };
  std::optional<FecMatrix> fixed_;
  std::map<SessionId, Sink> sinks_;
};

}  // namespace wfdcast::stream
