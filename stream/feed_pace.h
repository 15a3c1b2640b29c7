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
  [[nodiscard]] Time estimate(Time now) const;
  // When the packet of that number is sent, where that is certain.
  [[nodiscard]] std::optional<Time> certain(std::uint64_t number) const;
  // Between the last two PCRs of a file.
  [[nodiscard]] Duration reference_interval() const { return file_.last_interval(); }
  // The packet that is open has got a PCR.
  void pcr_written();
  // Memory runs short: packets without a time get one.
  void make_room(Time now);
  // Pcr: how far the packets with a due time reach.
  [[nodiscard]] std::optional<Time> until() const { return file_.until(); }

  // When the first packet of the queue is due; nullopt: not known yet.
  [[nodiscard]] std::optional<Time> due() const;
  // That packet is sent now. Returns its due time.
  Time send();
  // Arrival: the open packet has waited for long enough at that time.
  [[nodiscard]] std::optional<Time> hold_over() const;
  void go_on(Time now);

 private:
  TsFeed::Pace pace_;
  Duration hold_;
  PcrSchedule file_;
  ArrivalClock clock_;
  ArrivalSchedule arrival_;
  RtpQueue& queue_;
};

}  // namespace wfdcast::stream
