#pragma once

#include <algorithm>
#include <optional>

#include "base/endpoint.h"
#include "base/time.h"

namespace wfdcast::stream {

// A querier for a network that has none (RFC 2236 section 3): snooping switches forget memberships for which
// nobody asks. With others the lowest address wins; a stand-in gives way to anybody.
class IgmpQuerier {
 public:
  enum class Mode { StandIn, Always };
  struct Options {
    Mode mode = Mode::StandIn;
    Ipv4Address address;  // ours on this network
    Duration interval = 125s;
  };

  IgmpQuerier(const Options& options, Time now);

  // Another one asked for all groups.
  void heard(Ipv4Address querier, Time now);
  // True: ask now, with response().
  [[nodiscard]] bool tick(Time now);
  [[nodiscard]] Time next_deadline() const { return next_; }
  [[nodiscard]] bool silent() const { return state_ == State::Listening; }
  // In which members are to answer: 10 s, and at short intervals half of one.
  [[nodiscard]] Duration response() const { return std::min<Duration>(10s, options_.interval / 2); }
  // After so much silence another querier is gone: 255 s.
  [[nodiscard]] Duration other_present() const { return 2 * options_.interval + response() / 2; }

 private:
  enum class State { Listening, Starting, Asking };
  Options options_;
  State state_ = State::Listening;
  Time next_;
};

}  // namespace wfdcast::stream
