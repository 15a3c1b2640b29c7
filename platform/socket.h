#pragma once

#include <netinet/in.h>

#include <string_view>

#include "base/endpoint.h"
#include "base/result.h"

// What the sockets of this module share.
namespace wfdcast::platform {

[[nodiscard]] sockaddr_in to_sockaddr(const Endpoint& endpoint);
[[nodiscard]] Endpoint to_endpoint(const sockaddr_in& address);

[[nodiscard]] Result<void> set_option(int fd, int level, int name, int value);
// Nothing for an empty name. Kernels before 5.7 want CAP_NET_RAW.
[[nodiscard]] Result<void> bind_to_device(int fd, std::string_view device);
[[nodiscard]] Result<void> bind_to(int fd, const Endpoint& endpoint);

// One datagram to a Unix socket by its path; '@' begins a name of the abstract namespace. ENAMETOOLONG, and
// what sendto(2) says.
[[nodiscard]] Result<void> send_to_path(int fd, std::string_view path, std::string_view datagram);

// None where the socket is not IPv4 or not connected.
[[nodiscard]] Endpoint local_endpoint(int fd);
[[nodiscard]] Endpoint peer_endpoint(int fd);

}  // namespace wfdcast::platform
