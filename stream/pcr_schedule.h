#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "stream/rtp_queue.h"
#include "stream/ts_packet.h"

namespace wfdcast::stream {

// When the packets of a file are due. Between two PCRs they are spread evenly,
// so they are known to be due when the second one is read.
class PcrSchedule {
 public:
  // The rate until two PCRs are known, and of files without any: 10 Mbit/s.
  static constexpr Duration kUsualGap = 40ms;
  static constexpr std::int64_t kManyPackets = 448;
  static constexpr std::int64_t kFirstStep = (std::int64_t{kTsPacket} * 8 * 100 << 16);

  // A PCR stands before the next TS packet of `queue`. False: it does not
  // follow the last one; the packets go on at the last rate and the clock jumps.
  [[nodiscard]] bool reference(Ticks27 pcr, RtpQueue& queue, Time now);
  // No PCR for too long: the packets so far go on at the last rate.
  void extrapolate(RtpQueue& queue, Time now);
  // The PCR packet of `slot`, which was written after the slot got its due time.
  void stamp(RtpQueue& queue, const RtpSlot& slot) const;
  // The first packet that waits is due now if it was due before, and the others
  // as much later.
  void go_on(RtpQueue& queue, Time now);

  // When the next TS packet will be due, as far as is known.
  [[nodiscard]] Time estimate(const RtpQueue& queue) const {
    // A large picture behind small ones must not look like a long time.
    return time_ + std::min(at_last_rate(queue), std::max(interval_, kUsualGap));
  }
  // The number behind the last packet that has its due time, and when the
  // packets behind it begin.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::optional<Time> until() const { return started_ ? std::optional(time_) : std::nullopt; }
  // At the last rate; at most kManyPackets.
  [[nodiscard]] std::uint64_t packets_in(Duration length) const {
    return static_cast<std::uint64_t>(std::min((length.count() << 16) / step_, kManyPackets));
  }
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] Duration last_interval() const { return interval_; }
  [[nodiscard]] bool has_clock() const { return has_clock_; }

 private:
  void start(RtpQueue& queue, Time now);
  // The packets since the last reference are due within the next `length`.
  void spread(RtpQueue& queue, Duration length);
  [[nodiscard]] Duration length_of_gap(Ticks27 ahead, Ticks27 elapsed, const RtpQueue& queue) const;
  [[nodiscard]] Duration at_last_rate(const RtpQueue& queue) const {
    return Duration(static_cast<std::int64_t>(queue.written() - position_) * step_ >> 16);
  }

  bool started_ = false;
  bool has_clock_ = false;
  Time time_{};                 // of the last reference,
  Ticks27 pcr_ = 0;             // our clock then,
  std::uint64_t position_ = 0;  // and the number of the TS packet that it stood before
  Ticks27 input_ = 0;           // the file's last PCR
  std::uint64_t end_ = 0;
  std::int64_t step_ = kFirstStep;  // from one TS packet to the next; ns * 2^16
  Duration interval_{};             // between the last two references
};

}  // namespace wfdcast::stream
