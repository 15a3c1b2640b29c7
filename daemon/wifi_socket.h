#pragma once

#include <string>
#include <vector>

namespace wfdcast::daemon {

// Which control socket of wpa_supplicant is for Wi-Fi Direct. `control`: wifi.control, a directory with a
// socket for each interface, or a socket. A driver with a P2P device has `p2p-dev-wlan0`, and everything of
// Wi-Fi Direct is there; without one it is at `wlan0`. Empty: there is none now.
[[nodiscard]] std::string find_p2p_socket(const std::string& control,
                                          const std::vector<std::string>& interfaces);
// The same choice among the names that a global socket knows (INTERFACES).
[[nodiscard]] std::string choose_p2p_interface(const std::vector<std::string>& known,
                                               const std::vector<std::string>& interfaces);
// Who may hold the interface where no socket is: "NetworkManager", "iwd", ...; empty: nobody that we know.
// systemd's control groups show who runs, also to a service that may not look at other processes.
[[nodiscard]] std::string holder_of_wifi(const std::string& control_groups = "/sys/fs/cgroup");
// Why there may be no socket for us at `control`; empty: nothing that we know.
[[nodiscard]] std::string obstacle_to(const std::string& control);

}  // namespace wfdcast::daemon
