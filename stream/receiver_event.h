#pragma once

#include <string>
#include <variant>

namespace wfdcast::stream {

// A move to the group was compared with unicast for at least 500 packets (or
// 2 s and 50 packets): the group's copy can take over, or not.
struct GroupFit {
  std::string detail;
};  // "lag=3ms lost=0 of=500"
struct GroupUnfit {
  std::string detail;
};                         // why: "lag 180 ms does not fit latency 150 ms"
struct GroupSilent {};     // nothing from the group for 300 ms while it is the only path
struct GroupMissing {};    // joined, and nothing for 1 s: send the membership report again
struct UnicastArrived {};  // the first packet of the unicast copy, while returning
struct PictureLost {};     // a loss reached the output: ask for an IDR
using ReceiverEvent =
    std::variant<GroupFit, GroupUnfit, GroupSilent, GroupMissing, UnicastArrived, PictureLost>;

}  // namespace wfdcast::stream
