#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace wfdcast::stream {

// How long nothing came, and what must have been sent meanwhile. A gap is known by the packet after it; a
// burst that lasts almost as long as the receive buffer would show itself too late. A network that holds
// packets back (Wi-Fi its group frames, for a beacon interval or three) is silent without loss: what it did
// of late is waited for twice.
class Silence {
 public:
  // Packets presumed lost at once: the first that arrives tells about all others.
  static constexpr std::uint64_t kAtOnce = 32;
  static constexpr Duration kMemory = 30s;  // of the longest harmless silence, and up to twice that

  explicit Silence(Duration latency) : latency_(latency) {}

  // The newest packet so far; `lost` packets before it have not come.
  void arrived(std::uint64_t lost, Time now);
  // Silence is right until the next arrived().
  void stop() {
    last_.reset();
    presumed_ = 0;
  }
  // Not before resume(): what still comes is the end of the stream, not the begin of a silence.
  void pause() {
    stop();
    paused_ = true;
  }
  void resume() { paused_ = false; }

  // When more must be presumed lost; nullopt: no more would come in time.
  [[nodiscard]] std::optional<Time> next_deadline() const;
  // How many packets after the newest are presumed lost by now.
  [[nodiscard]] std::uint64_t presumed(Time now);
  // Between two packets, on the average.
  [[nodiscard]] Duration spacing() const { return spacing_; }

 private:
  [[nodiscard]] Duration patience() const {
    return std::max(latency_ / 2, 2 * std::max(harmless_, harmless_before_));
  }

  Duration latency_, spacing_ = 1ms;
  std::optional<Time> last_;
  Duration harmless_{}, harmless_before_{};
  Time memory_end_{};
  bool paused_ = false;
  std::uint64_t presumed_ = 0;
  int steps_ = 0;  // in which it was presumed
};

}  // namespace wfdcast::stream
