#pragma once

#include "base/time.h"

namespace wfdcast::rtsp {

// The timers of a WFD session; docs/rtsp.md lists what happens at each.
inline constexpr Duration kReplyTimeout = 5s;   // an answer to one of our requests, but
inline constexpr Duration kSetupTimeout = 20s;  // to M6: a source may start its encoder first
inline constexpr Duration kNextRequest =
    16s;  // the peer's next request in set-up: 6 s, and 10 s for slow TVs
inline constexpr Duration kTeardownTimeout = 2s;  // from our TEARDOWN to the end, whatever the peer does
inline constexpr Duration kM2Patience = 500ms;    // after M1's answer, before M3 goes out without an M2
inline constexpr Duration kM3Distance = 20ms;     // between M2's answer leaving this host and M3
inline constexpr Duration kSourceIdrPeriod = 300ms;
inline constexpr Duration kSinkIdrPeriod = 500ms;
inline constexpr Duration kSinkGrace = 20s;   // beyond the announced timeout, before a sink gives up
inline constexpr Duration kMinTimeout = 10s;  // a shorter announced timeout, or none, counts as the default
inline constexpr Duration kDefaultTimeout = 60s;

}  // namespace wfdcast::rtsp
