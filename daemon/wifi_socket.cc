#include "daemon/wifi_socket.h"

#include <algorithm>
#include <filesystem>

namespace wfdcast::daemon {

namespace files = std::filesystem;

std::string choose_p2p_interface(const std::vector<std::string>& known,
                                 const std::vector<std::string>& interfaces) {
  static constexpr std::string_view kDevice = "p2p-dev-";
  const auto is_known = [&](const std::string& name) {
    return std::ranges::find(known, name) != known.end();
  };
  for (const std::string& interface : interfaces) {
    // Linux cuts interface names at 15 characters, and so does wpa_supplicant.
    const std::string device = (std::string(kDevice) + interface).substr(0, 15);
    if (is_known(device)) return device;
    if (is_known(interface)) return interface;
  }
  const auto device =
      std::ranges::find_if(known, [](const std::string& name) { return name.starts_with(kDevice); });
  return device == known.end() ? std::string() : *device;
}

std::string find_p2p_socket(const std::string& control, const std::vector<std::string>& interfaces) {
  std::error_code error;
  const auto status = files::status(control, error);
  if (files::is_socket(status)) return control;
  if (!files::is_directory(status)) return {};
  std::vector<std::string> known;
  for (const auto& entry : files::directory_iterator(control, error))
    known.push_back(entry.path().filename());
  const std::string chosen = choose_p2p_interface(known, interfaces);
  return chosen.empty() ? chosen : control + "/" + chosen;
}

std::string holder_of_wifi(const std::string& control_groups) {
  std::error_code error;
  for (const std::string name : {"NetworkManager", "iwd", "connman", "wpa_supplicant"}) {
    for (const std::string place : {"/system.slice/", "/systemd/system.slice/"}) {
      if (files::exists(control_groups + place + name + ".service", error)) return name;
    }
  }
  return {};
}

std::string obstacle_to(const std::string& control) {
  std::error_code error;
  files::directory_iterator(control, error);
  if (error == std::errc::permission_denied)
    return "we may not read " + control + ": join its group, mostly netdev";
  const std::string holder = holder_of_wifi();
  return holder.empty() ? holder : holder + " runs here and may hold the interface";
}

}  // namespace wfdcast::daemon
