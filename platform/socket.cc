#include "platform/socket.h"

#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>

namespace wfdcast::platform {
namespace {

template <class Call>
Endpoint ask_endpoint(Call call, int fd) {
  sockaddr_storage any{};
  socklen_t size = sizeof any;
  if (call(fd, reinterpret_cast<sockaddr*>(&any), &size) != 0 || any.ss_family != AF_INET) return {};
  return to_endpoint(reinterpret_cast<const sockaddr_in&>(any));
}

}  // namespace

sockaddr_in to_sockaddr(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr.s_addr = htonl(endpoint.address.value);
  return address;
}

Endpoint to_endpoint(const sockaddr_in& address) {
  return {{ntohl(address.sin_addr.s_addr)}, ntohs(address.sin_port)};
}

Result<void> set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return fail_errno(errno);
  return {};
}

Result<void> bind_to_device(int fd, std::string_view device) {
  if (device.empty()) return {};
  if (device.size() >= IFNAMSIZ) return fail_errno(ENODEV);  // the kernel would cut it, and may find another
  const auto size = static_cast<socklen_t>(device.size());
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.data(), size) != 0) return fail_errno(errno);
  return {};
}

Result<void> bind_to(int fd, const Endpoint& endpoint) {
  const sockaddr_in address = to_sockaddr(endpoint);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return fail_errno(errno);
  return {};
}

Endpoint local_endpoint(int fd) { return ask_endpoint(::getsockname, fd); }
Endpoint peer_endpoint(int fd) { return ask_endpoint(::getpeername, fd); }

Result<void> send_to_path(int fd, std::string_view path, std::string_view datagram) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return fail_errno(ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  while (::sendto(fd, datagram.data(), datagram.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    if (errno != EINTR) return fail_errno(errno);
  }
  return {};
}

}  // namespace wfdcast::platform
