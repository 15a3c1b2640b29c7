#include "platform/igmp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "platform/fd.h"
#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

constexpr std::array<std::uint8_t, 4> kRouterAlert{0x94, 0x04, 0x00, 0x00};
constexpr int kNetworkControl = 0xC0;  // TOS
constexpr int kPacketsAWake = 16;

Result<void> configure(int fd, const std::string& interface, int interface_index) {
  ip_mreqn out{};
  out.imr_ifindex = interface_index;
  if (::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out) != 0 ||
      ::setsockopt(fd, IPPROTO_IP, IP_OPTIONS, kRouterAlert.data(), kRouterAlert.size()) != 0) {
    return fail_errno(errno);
  }
  const std::pair<int, int> options[] = {
      {IP_MULTICAST_TTL, 1}, {IP_MULTICAST_LOOP, 0}, {IP_TOS, kNetworkControl}};
  for (const auto& [name, value] : options) {
    if (auto done = set_option(fd, IPPROTO_IP, name, value); !done) return done;
  }
  return bind_to_device(fd, interface);
}

}  // namespace

struct IgmpSocket::Impl {
  void on_readable() {
    std::array<std::uint8_t, 2048> memory;
    for (int i = 0; i < kPacketsAWake; ++i) {
      const ssize_t size = ::recv(fd.get(), memory.data(), memory.size(), MSG_DONTWAIT);
      if (size <= 0) return;
      on_packet(ByteView(memory).first(static_cast<std::size_t>(size)));
    }
  }
  Fd fd;
  OnPacket on_packet;
  std::optional<Watch> readable;
};

IgmpSocket::IgmpSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IgmpSocket::~IgmpSocket() = default;

Result<std::unique_ptr<IgmpSocket>> IgmpSocket::open(EventLoop& loop, const std::string& interface,
                                                     int interface_index, OnPacket on_packet) {
  Fd fd(::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_IGMP));
  if (!fd) return fail_errno(errno);
  if (auto done = configure(fd.get(), interface, interface_index); !done) return fail(done.error());
  // What nobody reads is not to wait in the kernel: no group was joined by this socket.
  if (!on_packet) (void)set_option(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, 0);
  auto impl = std::make_unique<Impl>(std::move(fd), std::move(on_packet), std::nullopt);
  Impl* const self = impl.get();
  if (self->on_packet)
    self->readable.emplace(loop, self->fd.get(), Watch::On::Read, [self] { self->on_readable(); });
  return std::unique_ptr<IgmpSocket>(new IgmpSocket(std::move(impl)));
}

Result<void> IgmpSocket::send(Ipv4Address target, ByteView message) {
  const sockaddr_in address = to_sockaddr({target, 0});
  const auto sent = ::sendto(impl_->fd.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (sent < 0) return fail_errno(errno);
  return {};
}

// "2<tab>wlan0     :     2      V3", then a line for each group.
int igmp_version(const std::string& interface) {
  std::ifstream table("/proc/net/igmp");
  for (std::string line; std::getline(table, line);) {
    const std::size_t tab = line.find('\t'), colon = line.find(':'), version = line.rfind('V');
    if (tab == std::string::npos || colon == std::string::npos || version == std::string::npos) continue;
    if (tab + 1 >= colon || trim(std::string_view(line).substr(tab + 1, colon - tab - 1)) != interface)
      continue;
    return parse_number<int>(trim(std::string_view(line).substr(version + 1))).value_or(3);
  }
  return 3;
}

}  // namespace wfdcast::platform
