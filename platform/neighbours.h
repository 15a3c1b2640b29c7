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
  MacAddress mac;  // zero: it was asked for, and has not answered
  std::string interface;
};
// Those that have answered, of the kernel's table now (/proc/net/arp).
[[nodiscard]] std::vector<Neighbour> neighbours();
[[nodiscard]] std::vector<Neighbour> parse_neighbours(std::string_view table);
// Lets the kernel ask for a host, which takes up to 3 s: an empty datagram to its discard port (RFC 863).
void look_for(Ipv4Address address);
// The interface on whose link it was asked for and has not answered; empty: it has, or is behind a router.
[[nodiscard]] std::string silent_on(Ipv4Address address);

// Gives an interface an IPv4 address (rtnetlink RTM_NEWADDR; CAP_NET_ADMIN). One that it has is no error.
[[nodiscard]] Result<void> add_address(const std::string& interface, Ipv4Address address, int prefix);

}  // namespace wfdcast::platform
