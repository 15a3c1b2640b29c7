#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "discovery/control_request.h"
#include "wfd/device_information.h"
#include "wfd/ids.h"

namespace wfdcast::discovery {

// How peers see us, and what our groups do: set in a running wpa_supplicant, put back at the end.
class SupplicantSetup {
 public:
  struct Options {
    DeviceInformation information;
    DeviceId id;        // in the WPS serial number, so that our own boards know each other
    std::string name;   // at most 32 bytes are shown
    std::string model;  // "wfdcast"
    std::string version;
    bool persistent = true;  // accept invitations of known peers without asking
    // Our address as a group's owner; the rest of its net is handed out by EAPOL. None: others see to it.
    Ipv4Address group_address;
    int group_prefix = 24;
  };
  explicit SupplicantSetup(Options options) : options_(std::move(options)) {}

  // To a supplicant that came: learns what was there, then sets ours.
  [[nodiscard]] std::vector<ControlRequest> begin();
  // The answer to a request with Why::Save.
  void saved(const std::string& name, std::string_view reply);
  [[nodiscard]] ControlRequest available(bool is_available);
  // Elements cleared, settings as they were where the supplicant had told.
  [[nodiscard]] std::vector<ControlRequest> restore() const;

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> settings() const;

  Options options_;
  std::map<std::string, std::string> before_;
};

}  // namespace wfdcast::discovery
