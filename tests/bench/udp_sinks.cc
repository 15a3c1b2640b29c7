// Stands for N sinks: sockets that are bound, or joined to a group, and empty
// themselves into nothing. Prints "ready", then runs until its stdin closes.
//
//   udp_sinks multicast GROUP PORT INTERFACE N    N members of one group
//   udp_sinks unicast ADDRESS PORT N              N sockets on PORT, PORT + 2, ...
//
// Nothing is read: the kernel throws away what does not fit into the smallest
// buffer, so that the receivers cost as little as possible beside the sender.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

bool open_sink(const char* address, int port, const char* interface) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int on = 1, smallest = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &local.sin_addr);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return false;
  if (interface == nullptr) return true;
  ip_mreqn group{};
  group.imr_multiaddr = local.sin_addr;
  group.imr_ifindex = static_cast<int>(::if_nametoindex(interface));
  return ::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool multicast = argc == 6 && std::string_view(argv[1]) == "multicast";
  if (!multicast && !(argc == 5 && std::string_view(argv[1]) == "unicast")) {
    std::fputs("usage: udp_sinks multicast GROUP PORT INTERFACE N | unicast ADDRESS PORT N\n", stderr);
    return 2;
  }
  const int count = std::atoi(argv[argc - 1]);
  for (int i = 0; i < count; ++i) {
    const int port = std::atoi(argv[3]) + (multicast ? 0 : 2 * i);
    if (!open_sink(argv[2], port, multicast ? argv[4] : nullptr)) {
      std::perror("udp_sinks");
      return 1;
    }
  }
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}
