#pragma once

#include <string>

#include "base/mac_address.h"

namespace wfdcast::discovery {

// A command for wpa_supplicant, and what its answer decides.
struct ControlRequest {
  enum class Why {
    Order,       // must be OK
    Optional,    // an old or reduced wpa_supplicant may not know it
    Save,        // the value of the setting `name`, to be restored at the end
    Capability,  // whether Wi-Fi Direct, or Wi-Fi Display, is there at all: `name`
    List,        // the next peer
    Details,     // of `device`
    Look,        // at `device`, before connecting to it
    Connect,     // to `device`
    Reinvoke,    // the group that we once had with `device`
    Invite,      // `device` into our group
    AddGroup,
  };
  Why why = Why::Order;
  std::string text{};
  std::string name{};
  MacAddress device{};
  std::string group{};  // the interface that it is for; empty: the P2P device
  bool operator==(const ControlRequest&) const = default;
};

}  // namespace wfdcast::discovery
