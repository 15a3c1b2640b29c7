#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/event_loop.h"
#include "platform/interface_monitor.h"

namespace wfdcast::daemon {

// A configured interface that is there, up, and has an IPv4 address.
struct UsableInterface {
  int index = 0;
  std::string name;
  Ipv4Address address, broadcast;
  bool operator==(const UsableInterface&) const = default;
};

// The configured interfaces, and those of Wi-Fi Direct groups, as they come and go.
class Interfaces {
 public:
  // `on_change` when usable() differs from before. Throws std::system_error.
  Interfaces(platform::EventLoop& loop, std::vector<std::string> names, std::function<void()> on_change);

  // An interface that nobody configured: of a group that our supplicant has formed. Idempotent.
  void follow(const std::string& name);
  void unfollow(const std::string& name);

  [[nodiscard]] const std::vector<UsableInterface>& usable() const { return usable_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const UsableInterface* by_index(int index) const;
  [[nodiscard]] const UsableInterface* by_name(const std::string& name) const;
  // The interface that has this address.
  [[nodiscard]] const UsableInterface* by_address(Ipv4Address address) const;
  // One line for each configured interface that cannot be used: "wlan0: no address".
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  void refresh();
  void refresh_and_tell();

  std::vector<std::string> names_, groups_;
  std::function<void()> on_change_;
  std::vector<UsableInterface> usable_;
  std::unique_ptr<platform::InterfaceMonitor> monitor_;
};

}  // namespace wfdcast::daemon
