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
      if (const auto due = certain(queue_.end()); due && *file_.until() - *due > kLongestSpan)
        queue_.close(now);
      return follows;
    }
    case Pace::Arrival:
      return clock_.reference(pcr, now);
  }
  return true;
}

bool FeedPace::has_clock() const { return pace_ == Pace::Pcr ? file_.has_clock() : clock_.known(); }

void FeedPace::pcr_written() {
  if (certain(queue_.end())) file_.stamp(queue_, queue_.slot(queue_.end()));
}

std::optional<Time> FeedPace::due() const {
  if (queue_.begin() == queue_.end()) return std::nullopt;
  return pace_ == Pace::Pcr ? certain(queue_.begin()) : arrival_.due(queue_);
}

const RtpSlot* FeedPace::next_live(Time now) {
  const auto time = due();
  if (!time || *time > now) return nullptr;
  RtpSlot& slot = queue_.slot(queue_.begin());
  slot.due = *time;
  arrival_.sent(queue_);
  queue_.pop();
  // The value is that of the whole RTP packet, since it arrives as one.
  if (slot.pcr != 0) write_pcr(ProgramWriter::pcr_field(queue_.ts(slot, slot.pcr - 1u)), clock_.at(slot.due));
  return &slot;
}

std::optional<Time> FeedPace::hold_over() const {
  if (pace_ == Pace::Pcr || !queue_.is_open()) return std::nullopt;
  return queue_.slot(queue_.end()).since + hold_;
}

void FeedPace::go_on(Time now) {
  if (pace_ == Pace::Pcr) file_.go_on(queue_, now);
}

}  // namespace wfdcast::stream
