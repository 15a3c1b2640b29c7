#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "base/time.h"
#include "stream/fec.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

// Which FEC is worth sending: as much as the worst sink's loss needs, of the
// losses that requests do not repair; none while the air is clean.
class FecPolicy {
 public:
  static constexpr double kClean = 0.002, kSome = 0.02, kMuch = 0.05;
  // Less is sent only when the loss was lower for so long.
  static constexpr Duration kHold = 10s;

  // `fixed`: this matrix, whenever one is worth sending.
  explicit FecPolicy(std::optional<FecMatrix> fixed = {}) : fixed_(fixed) {}

  // What part of the packets a sink lacks in spite of its requests, or would
  // without FEC when it makes none.
  void report(SessionId id, double loss, Time now) {
    Loss& sink = losses_[id];
    if (loss >= sink.highest || now - sink.since > kHold) sink = {loss, now};
  }
  void remove(SessionId id) { losses_.erase(id); }

  // `in_time`: how many packets the sinks hold. A column is complete at the end of
  // the matrix after its own, so two of them must fit.
  [[nodiscard]] std::optional<FecMatrix> matrix(std::uint64_t in_time) const {
    double worst = 0;
    for (const auto& [id, loss] : losses_) worst = std::max(worst, loss.highest);
    if (worst < kClean) return std::nullopt;
    if (fixed_) return fixed_;
    FecMatrix matrix{
        .columns = worst < kMuch ? 10U : 5U, .rows = worst < kSome ? 10U : 5U, .row_packets = worst >= kSome};
    while (2 * matrix.columns * matrix.rows > in_time && matrix.columns + matrix.rows > 2 * kLeast) {
      unsigned& longer = matrix.rows > matrix.columns ? matrix.rows : matrix.columns;
      --longer;
    }
    if (2 * matrix.columns * matrix.rows > in_time) return std::nullopt;
    return matrix;
  }

 private:
  static constexpr unsigned kLeast = 4;  // columns and rows that the standard allows
  struct Loss {
    double highest = 0;  // of the last kHold
    Time since{};
  };
  std::optional<FecMatrix> fixed_;
  std::map<SessionId, Loss> losses_;
};

}  // namespace wfdcast::stream
