#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/mac_address.h"
#include "base/result.h"

namespace wfdcast::platform {

// What ARP knows: a host on the link of an interface.
struct Neighbour {
  Ipv4Address address;
  MacAddress mac;
  std::string interface;
};
// The complete entries of the kernel's table now (/proc/net/arp).
[[nodiscard]] std::vector<Neighbour> neighbours();
[[nodiscard]] std::vector<Neighbour> parse_neighbours(std::string_view table);

// Gives an interface an IPv4 address (rtnetlink RTM_NEWADDR; CAP_NET_ADMIN). One that it has is no error.
[[nodiscard]] Result<void> add_address(const std::string& interface, Ipv4Address address, int prefix);

}  // namespace wfdcast::platform
