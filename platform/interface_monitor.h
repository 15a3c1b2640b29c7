#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "platform/event_loop.h"

namespace wfdcast::platform {

// One network interface as the kernel has it now.
struct Interface {
  int index = 0;
  std::string name;
  bool up = false;  // administratively up, with carrier
  struct Address {
    Ipv4Address address;
    Ipv4Address broadcast;  // computed where the kernel has none; none for /31 and /32
    int prefix = 0;
    bool operator==(const Address&) const = default;
  };
  std::vector<Address> addresses;  // primary first
  bool operator==(const Interface&) const = default;
};

// Follows the interfaces by rtnetlink: address change, link down and up, gone
// and back under another index. Lost notifications (ENOBUFS) lead to a new dump.
class InterfaceMonitor {
 public:
  using OnChange = std::function<void()>;  // something differs; ask interfaces()
  [[nodiscard]] static Result<std::unique_ptr<InterfaceMonitor>> open(EventLoop& loop, OnChange on_change);
  ~InterfaceMonitor();
  // All of them, filled before open() returns.
  [[nodiscard]] const std::vector<Interface>& interfaces() const;
  [[nodiscard]] std::optional<Interface> find(std::string_view name) const;

 private:
  struct Impl;
  explicit InterfaceMonitor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The rp_filter in force on an interface: the larger of "all" and its own;
// nullopt when /proc does not tell.
[[nodiscard]] std::optional<int> effective_rp_filter(std::string_view name);

}  // namespace wfdcast::platform
