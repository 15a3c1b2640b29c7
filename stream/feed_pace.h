#pragma once

#include <optional>

#include "stream/arrival_schedule.h"
#include "stream/pcr_schedule.h"
#include "stream/ts_feed.h"

namespace wfdcast::stream {

// When the packets of a TsFeed's queue are due, and what time it is in the
// program: for a file by its PCRs, for a live input by arrival.
class FeedPace {
 public:
  FeedPace(const TsFeed::Options& options, RtpQueue& queue)
      : pace_(options.pace), hold_(options.hold), arrival_(options.spread), queue_(queue) {}

  // A PCR of the input stands before the next TS packet. False: the clock jumps.
  [[nodiscard]] bool reference(Ticks27 pcr, Time now);
  [[nodiscard]] bool has_clock() const;
  // When the next TS packet will be sent, as far as is known.
  [[nodiscard]] Time estimate(Time now) const {
    return pace_ == TsFeed::Pace::Pcr && file_.started() ? file_.estimate(queue_) : now;
  }
  // When the packet of that number is sent, where that is certain.
  [[nodiscard]] std::optional<Time> certain(std::uint64_t number) const {
    if (pace_ == TsFeed::Pace::Arrival || number >= file_.end()) return std::nullopt;
    return queue_.slot(number).due;
  }
  // How many TS packets of a file that is, and few; none of a live input.
  [[nodiscard]] std::uint64_t packets_in(Duration length) const {
    return pace_ == TsFeed::Pace::Pcr ? file_.packets_in(length) : 0;
  }
  // Between the last two PCRs of a file.
  [[nodiscard]] Duration reference_interval() const { return file_.last_interval(); }
  // The packet that is open has got a PCR.
  void pcr_written();
  // Memory runs short: packets without a time get one.
  void make_room(Time now) {
    if (pace_ == TsFeed::Pace::Pcr && file_.end() + queue_.capacity() / 2 <= queue_.end()) {
      file_.extrapolate(queue_, now);
    }
  }
  // Pcr: how far the packets with a due time reach.
  [[nodiscard]] std::optional<Time> until() const { return file_.until(); }

  // When the first packet of the queue is due; nullopt: not known yet.
  [[nodiscard]] std::optional<Time> due() const;
  // Takes the first packet out of the queue; nullptr: it is not due yet.
  [[nodiscard]] const RtpSlot* next(Time now) {
    if (pace_ == TsFeed::Pace::Arrival) return next_live(now);
    const RtpSlot& slot = queue_.slot(queue_.begin());
    if (queue_.begin() == queue_.end() || slot.due > now) return nullptr;
    queue_.pop();
    return &slot;
  }
  // Arrival: the open packet has waited for long enough at that time.
  [[nodiscard]] std::optional<Time> hold_over() const;
  void go_on(Time now);

 private:
  [[nodiscard]] const RtpSlot* next_live(Time now);

  TsFeed::Pace pace_;
  Duration hold_;
  PcrSchedule file_;
  ArrivalClock clock_;
  ArrivalSchedule arrival_;
  RtpQueue& queue_;
};

}  // namespace wfdcast::stream
