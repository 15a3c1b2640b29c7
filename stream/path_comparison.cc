#include "stream/path_comparison.h"

#include <algorithm>
#include <string>

namespace wfdcast::stream {
namespace {

std::int64_t in_ms(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

}  // namespace

PathComparison::PathComparison(Duration latency)
    : latency_(latency), records_(std::make_unique<std::array<Record, kWindow>>()) {}

void PathComparison::start() {
  lags_.fill(0);
  began_.reset();
  highest_ = 0;
  both_ = lost_ = 0;
}

void PathComparison::arrived(Delivery path, std::uint64_t index, Time now) {
  const std::uint8_t bit = path == Delivery::Unicast ? kUnicast : kGroup;
  if (path == Delivery::Multicast && !began_) {
    // What was sent before is not the group's loss.
    began_ = now;
    next_ = index;
  }
  highest_ = std::max(highest_, index);
  const auto number = static_cast<std::uint32_t>(index);
  Record& record = (*records_)[index % kWindow];
  if (record.seen == 0 || record.index != number) {
    if (record.seen == 0 || static_cast<std::int32_t>(number - record.index) > 0) record = {now, number, bit};
  } else if ((record.seen & bit) == 0) {
    match(record, path, now);
    record.seen = kUnicast | kGroup;
  }
  if (began_) count_losses(now);
}

void PathComparison::match(Record& record, Delivery second, Time now) {
  const Duration lag = second == Delivery::Multicast ? now - record.first : record.first - now;
  ++lags_[static_cast<std::size_t>(std::clamp<std::int64_t>(in_ms(lag), 0, kLags - 1))];
  ++both_;
  if ((record.seen & kLost) != 0) --lost_;
}

// A copy that the group has not brought within the latency is as good as lost.
void PathComparison::count_losses(Time now) {
  for (; next_ <= highest_; ++next_) {
    Record& record = (*records_)[next_ % kWindow];
    if (record.index != static_cast<std::uint32_t>(next_)) continue;
    if (record.seen != kUnicast && record.seen != kGroup) continue;
    if (now - record.first < latency_) return;
    if (record.seen != kUnicast) continue;
    record.seen |= kLost;
    ++lost_;
  }
}

// The lag that all but one in a hundred packets keep.
int PathComparison::lag_ms() const {
  std::uint32_t above = 0;
  int lag = static_cast<int>(kLags) - 1;
  for (; lag > 0; --lag) {
    above += lags_[static_cast<std::size_t>(lag)];
    if (above > both_ / 100) break;
  }
  return lag;
}

std::optional<ReceiverEvent> PathComparison::verdict(Time now) const {
  if (!began_) return std::nullopt;
  const std::uint32_t of = both_ + lost_;
  const Duration time = now - *began_;
  const bool enough = (of >= kPackets && time >= kLeastTime) || (of >= kSlowPackets && time >= kSlowTime);
  if (!enough) return std::nullopt;
  const std::string loss = std::to_string(lost_) + " of=" + std::to_string(of);
  if (lost_ * 100 > of * kMaxLossPercent) return GroupUnfit{"the group loses too much: lost=" + loss};
  const int lag = lag_ms();
  if (std::chrono::milliseconds(lag) + kRepair > latency_) {
    return GroupUnfit{"lag " + std::to_string(lag) + " ms does not fit latency " +
                      std::to_string(in_ms(latency_)) + " ms"};
  }
  return GroupFit{"lag=" + std::to_string(lag) + "ms lost=" + loss};
}

}  // namespace wfdcast::stream
