#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.h"
#include "stream/receiver_event.h"
#include "wfd/transport.h"

namespace wfdcast::stream {

// Measures how late and how lossy the group's copy of a stream is beside the
// unicast one, and judges once whether it can take over.
class PathComparison {
 public:
  static constexpr std::uint32_t kPackets = 500;
  // Wi-Fi holds group frames for up to 300 ms: 500 packets may be over sooner.
  static constexpr Duration kLeastTime = 500ms;
  // A slow stream is judged by fewer packets.
  static constexpr Duration kSlowTime = 2s;
  static constexpr std::uint32_t kSlowPackets = 50;
  static constexpr std::uint32_t kMaxLossPercent = 10;
  // One repair must still fit between the group's lag and the latency.
  static constexpr Duration kRepair = 20ms;

  explicit PathComparison(Duration latency);

  void start();
  void arrived(Delivery path, std::uint64_t index, Time now);
  // GroupFit or GroupUnfit when enough was seen.
  [[nodiscard]] std::optional<ReceiverEvent> verdict(Time now) const;

 private:
  static constexpr std::size_t kWindow = 4096;
  static constexpr std::size_t kLags = 512;  // ms; the last one holds all above
  enum Seen : std::uint8_t { kUnicast = 1, kGroup = 2, kLost = 4 };
  struct Record {
    Time first;  // of the copy that came first
    std::uint32_t index;
    std::uint8_t seen;
  };

  void match(Record& record, Delivery second, Time now);
  void count_losses(Time now);
  [[nodiscard]] int lag_ms() const;

  Duration latency_;
  std::unique_ptr<std::array<Record, kWindow>> records_;
  std::array<std::uint32_t, kLags> lags_{};
  std::optional<Time> began_;  // the group's first packet
  std::uint64_t next_ = 0, highest_ = 0;
  std::uint32_t both_ = 0, lost_ = 0;
};

}  // namespace wfdcast::stream
