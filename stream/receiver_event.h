#pragma once

#include <string>
#include <variant>

namespace wfdcast::stream {

// A move to the group was compared with unicast for at least 500 packets (or
// 2 s and 50 packets): the group's copy can take over, or not. `detail` is for
// a person: "lag=3ms lost=0 of=500", "lag 180 ms does not fit latency 150 ms".
struct GroupFit {
  std::string detail;
};
struct GroupUnfit {
  std::string detail;
};
// Nothing from the group for 300 ms while it is the only path; or joined from
// the start and never heard for 3 s.
struct GroupSilent {};
// Joined, and nothing for 1 s, again after 2 s: send the membership report again.
struct GroupMissing {};
// The first packet of the unicast copy, while returning.
struct UnicastArrived {};
// A loss reached the output: ask for an IDR.
struct PictureLost {};
using ReceiverEvent =
    std::variant<GroupFit, GroupUnfit, GroupSilent, GroupMissing, UnicastArrived, PictureLost>;

}  // namespace wfdcast::stream
