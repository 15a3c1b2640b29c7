#include "stream/fec_policy.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

constexpr unsigned kLeast = 4;  // columns and rows that the standard allows

// A column is complete at the end of the matrix after its own, so two of them must fit.
bool fits(const FecMatrix& matrix, std::uint64_t in_time) {
  const unsigned packets = matrix.columns * matrix.rows;
  return packets <= kMostInMatrix && 2 * packets <= in_time;
}

}  // namespace

void FecPolicy::report(SessionId id, const Report& report, Time now) {
  Sink& sink = sinks_[id];
  sink.loss.see(report.loss, now);
  sink.run.see(report.longest_run, now);
  sink.in_time = report.in_time;
}

std::optional<FecMatrix> FecPolicy::matrix() const {
  double worst = 0;
  unsigned run = 0;
  std::uint64_t in_time = UINT64_MAX;
  for (const auto& [id, sink] : sinks_) {
    worst = std::max(worst, sink.loss.value);
    in_time = std::min(in_time, sink.in_time);
    if (sink.loss.value >= kClean) run = std::max(run, sink.run.value);
  }
  if (worst < kClean) return std::nullopt;
  if (fixed_) return fixed_;
  FecMatrix matrix{
      .columns = worst < kMuch ? 10U : 5U, .rows = worst < kSome ? 10U : 5U, .row_packets = worst >= kSome};
  // A burst takes one packet of each column when it is no longer than a row; the row itself brings none back.
  const bool bursts = run > matrix.columns;
  if (bursts) {
    matrix.columns = std::min(run, kMostColumns);
    matrix.row_packets = false;
  }
  while (!fits(matrix, in_time)) {
    const bool lower = matrix.rows > (bursts ? kLeast : std::max(matrix.columns, kLeast));
    unsigned& longer = lower ? matrix.rows : matrix.columns;
    if (longer == kLeast) return std::nullopt;
    --longer;
  }
  return matrix;
}

}  // namespace wfdcast::stream
