#include "stream/feed_pace.h"

#include "stream/program_writer.h"

namespace wfdcast::stream {

namespace {

using Pace = TsFeed::Pace;

// At low rates an RTP packet ends before a PCR, so that the PCR leaves at its time.
constexpr Duration kLongestSpan = 5ms;

}  // namespace

bool FeedPace::reference(Ticks27 pcr, Time now) {
  switch (pace_) {
    case Pace::Pcr: {
      const bool follows = file_.reference(pcr, queue_, now);
      if (const auto due = certain(queue_.end()); due && *file_.until() - *due > kLongestSpan) queue_.close();
      return follows;
    }
    case Pace::Arrival:
      return clock_.reference(pcr, now);
  }
  return true;
}

bool FeedPace::has_clock() const { return pace_ == Pace::Pcr ? file_.has_clock() : clock_.known(); }

Time FeedPace::estimate(Time now) const {
  return pace_ == Pace::Pcr && file_.until() ? file_.estimate(queue_) : now;
}

std::optional<Time> FeedPace::certain(std::uint64_t number) const {
  if (pace_ == Pace::Arrival || number >= file_.end()) return std::nullopt;
  return queue_.slot(number).due;
}

void FeedPace::pcr_written() {
  if (certain(queue_.end())) file_.stamp(queue_, queue_.slot(queue_.end()));
}

void FeedPace::make_room(Time now) {
  if (pace_ == Pace::Pcr && file_.end() + queue_.capacity() / 2 <= queue_.end()) file_.extrapolate(queue_, now);
}

std::optional<Time> FeedPace::due() const {
  if (queue_.begin() == queue_.end()) return std::nullopt;
  return pace_ == Pace::Pcr ? certain(queue_.begin()) : arrival_.due(queue_);
}

Time FeedPace::send() {
  RtpSlot& slot = queue_.slot(queue_.begin());
  if (pace_ == Pace::Arrival) {
    slot.due = arrival_.due(queue_);
    arrival_.sent(queue_);
    // The value is that of the whole RTP packet, since it arrives as one.
    if (slot.pcr != 0)
      write_pcr(ProgramWriter::pcr_field(queue_.ts(slot, slot.pcr - 1u)), clock_.at(slot.due));
  }
  queue_.pop();
  return slot.due;
}

std::optional<Time> FeedPace::hold_over() const {
  if (pace_ == Pace::Pcr || !queue_.is_open()) return std::nullopt;
  return queue_.slot(queue_.end()).opened + hold_;
}

void FeedPace::go_on(Time now) {
  if (pace_ == Pace::Pcr) file_.go_on(queue_, now);
}

}  // namespace wfdcast::stream
