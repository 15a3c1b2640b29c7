#pragma once

#include <linux/netlink.h>

#include <functional>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "platform/interface_monitor.h"

namespace wfdcast::platform {

// Cuts a netlink datagram into messages; stops at the first with an impossible length.
void for_each_message(ByteView datagram,
                      const std::function<void(const nlmsghdr& header, ByteView payload)>& on_message);

// The kernel's links and IPv4 addresses, built from rtnetlink messages in the
// order in which they come, dumps and notifications alike.
class InterfaceTable {
 public:
  void apply(const nlmsghdr& header, ByteView payload);
  [[nodiscard]] std::vector<Interface> interfaces() const;  // by index

 private:
  struct Link {
    std::string name;
    bool up = false;
  };
  struct Address {
    Interface::Address value;
    bool secondary = false;
  };
  void apply_link(const nlmsghdr& header, ByteView payload);
  void apply_address(const nlmsghdr& header, ByteView payload);

  std::map<int, Link> links_;
  std::map<int, std::vector<Address>> addresses_;  // may come before their link
};

}  // namespace wfdcast::platform
