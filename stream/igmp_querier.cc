#include "stream/igmp_querier.h"

namespace wfdcast::stream {

IgmpQuerier::IgmpQuerier(const Options& options, Time now)
    : options_(options), next_(options.mode == Mode::StandIn ? now + other_present() : now) {}

// RFC 4541 section 2.1.1: queries of switches that have no address take no part in the election.
void IgmpQuerier::heard(Ipv4Address querier, Time now) {
  if (!querier || querier == options_.address) return;
  if (options_.mode == Mode::Always && options_.address < querier) return;
  state_ = State::Listening;
  next_ = now + other_present();
}

bool IgmpQuerier::tick(Time now) {
  if (now < next_) return false;
  switch (state_) {
    case State::Listening:
      state_ = State::Starting;
      next_ = now + options_.interval / 4;
      break;
    case State::Starting:  // the second of two at the start
      state_ = State::Asking;
      [[fallthrough]];
    case State::Asking:
      next_ = now + options_.interval;
      break;
  }
  return true;
}

}  // namespace wfdcast::stream
