#pragma once

#include "base/time.h"
#include "stream/rtp_queue.h"
#include "stream/ts_packet.h"

namespace wfdcast::stream {

// The clock of a live program, learned from when its PCRs arrive. Their jitter
// is filtered out: it turns at most 200 ppm faster or slower than ours.
class ArrivalClock {
 public:
  // False: the program's clock jumped, and ours with it.
  [[nodiscard]] bool reference(Ticks27 pcr, Time now);
  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] Ticks27 at(Time time) const;

 private:
  bool known_ = false;
  Time time_{};
  Ticks27 pcr_ = 0;
};

// When the packets of a live input are due: at once, but a burst is spread so
// that the last of it leaves within `spread` of its arrival.
class ArrivalSchedule {
 public:
  explicit ArrivalSchedule(Duration spread) : spread_(spread) {}
  // When the first packet of `queue`, which is not empty, is due.
  [[nodiscard]] Time due(const RtpQueue& queue) const;
  // That packet is sent: spaces the packets behind it.
  void sent(const RtpQueue& queue);

 private:
  Duration spread_;
  Time next_{};  // not before
};

}  // namespace wfdcast::stream
