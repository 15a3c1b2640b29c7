#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/endpoint.h"
#include "base/mac_address.h"
#include "wfd/device_information.h"

namespace wfdcast::discovery {

// What wpa_supplicant says unasked on its control interface (its wpa_ctrl.h names the events), as far
// as Wi-Fi Direct needs it. Peers write parts of these lines: names are text of a stranger.

// Group roles of Wi-Fi Direct.
enum class GroupRole { Owner, Client };

// What a P2P device shows of itself. `device` is the stable key; `address` is where it was seen, the
// interface address of a running group's owner.
struct P2pDeviceSeen {
  MacAddress address, device;
  std::string name;           // as sent, up to 32 bytes; printable() before it is shown
  std::string device_type{};  // WPS primary device type: "7-0050F204-1"; as sent
  bool group_owner = false;
  std::optional<DeviceInformation> wfd;  // none: no WFD, or switched off
};
struct P2pDeviceLost {
  MacAddress device;
};
struct FindStopped {};

// Device Password IDs of WPS: who shows a PIN.
enum class Password : std::uint16_t { Default = 0, TheyEnterPin = 1, Button = 4, TheyShowPin = 5 };
struct NegotiationRequest {
  MacAddress device;
  Password password = Password::Default;
};
struct NegotiationSucceeded {
  GroupRole role = GroupRole::Client;
  MacAddress device, interface;  // the peer's
};
struct NegotiationFailed {
  int status = -1;  // P2P status code; -1: no answer
};
struct FormationFailed {
  std::string reason;  // may be empty
};
struct GroupStarted {
  std::string interface;
  GroupRole role = GroupRole::Client;
  std::string ssid;   // unescaped
  int frequency = 0;  // MHz
  MacAddress owner;   // device address
  bool persistent = false;
  // From EAPOL, for a client: its own address, the mask's prefix length, the owner's address.
  Ipv4Address address, owner_address;
  int prefix = 0;
};
struct GroupRemoved {
  std::string interface;
  std::string reason;
};

// Provision discovery: what a peer wants of us, or answers.
enum class Provision { ButtonRequest, ShowPin, EnterPin, ButtonResponse };
struct ProvisionStep {
  Provision what = Provision::ButtonRequest;
  MacAddress device;
  std::string pin;    // ShowPin: eight digits to show
  std::string group;  // our group that it wants to join, or empty
};
struct ProvisionFailed {
  MacAddress device;
  int status = 0;
};

struct InvitationReceived {
  MacAddress sender, owner;       // owner: of the group; zero for a persistent one
  std::optional<int> persistent;  // network id of a group that we know
};
struct InvitationAccepted {
  MacAddress sender;
};
struct InvitationResult {
  int status = -1;
};

struct StationConnected {
  MacAddress interface, device;  // device: zero for a legacy station
  Ipv4Address address;           // from EAPOL, or none
};
struct StationDisconnected {
  MacAddress interface, device;
};
struct Terminating {};  // the supplicant exits

using ControlEventBody =
    std::variant<P2pDeviceSeen, P2pDeviceLost, FindStopped, NegotiationRequest, NegotiationSucceeded,
                 NegotiationFailed, FormationFailed, GroupStarted, GroupRemoved, ProvisionStep,
                 ProvisionFailed, InvitationReceived, InvitationAccepted, InvitationResult, StationConnected,
                 StationDisconnected, Terminating>;
struct ControlEvent {
  std::string interface;  // that the global socket named, or empty
  ControlEventBody body;
};

// One line as it comes from the socket: "<3>P2P-...", or "IFNAME=wlan0 <3>...". nullopt for an event
// that does not concern us and for a malformed one.
[[nodiscard]] std::optional<ControlEvent> parse_event(std::string_view line);

}  // namespace wfdcast::discovery
