// What status codes and reasons mean, for a person.
#include "base/text.h"
#include "discovery/p2p_device.h"

namespace wfdcast::discovery {

std::string negotiation_failure(int status) {
  switch (status) {
    case -1:
      return "it did not answer; is somebody there to accept?";
    case 1:
      return "it waits for its user to accept";
    case 2:
      return "its parameters do not fit ours";
    case 3:
      return "it has reached its limit of connections";
    case 4:
      return "it found our request invalid";
    case 5:
      return "it cannot take the request now";
    case 6:
      return "an earlier protocol error stands in the way";
    case 7:
      return "no radio channel that both may use";
    case 8:
      return "it has forgotten the group that we once had";
    case 9:
      return "both insist on being the group's owner; lower wifi.go_intent on one";
    case 10:
      return "it wants another method (button or PIN)";
    case 11:
      return "it was rejected by its user";
    case 12:
      return "it accepts later";
    default:
      return "Wi-Fi Direct status " + std::to_string(status);
  }
}

std::string removal_reason(std::string_view reason) {
  if (reason == "REQUESTED") return "removed on request";
  if (reason == "FORMATION_FAILED")
    return "the group could not be formed; a wrong PIN, or the other side gave up";
  if (reason == kOutOfReach) return "the other side is out of reach or switched off";
  if (reason == "UNAVAILABLE") return "the group's network is not there any more";
  if (reason == "GO_ENDING_SESSION") return "the group's owner has ended it";
  if (reason == "PSK_FAILURE") return "the stored key does not fit any more";
  if (reason == "FREQ_CONFLICT") return "the radio is needed on another channel";
  return reason.empty() ? "without a reason" : printable(reason);
}

}  // namespace wfdcast::discovery
