#include "platform/udp_socket.h"

#include <linux/net_tstamp.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "platform/datagram_batch.h"
#include "platform/fd.h"
#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

// Batches read before the loop sees to others: a flood on one socket starves nobody.
constexpr int kBatchesAWake = 4;
// With a read interval the bound holds for the interval: 1,024 datagrams.
constexpr int kBatchesAnInterval = 16;

// Beyond net.core.rmem_max only with CAP_NET_ADMIN.
void set_buffer(int fd, int force, int plain, int bytes) {
  if (bytes > 0 && !set_option(fd, SOL_SOCKET, force, bytes)) (void)set_option(fd, SOL_SOCKET, plain, bytes);
}

Result<void> configure(int fd, const UdpSocket::Options& options) {
  const struct {
    bool wanted;
    int level, name, value;
  } wanted_options[] = {
      {options.reuse_address, SOL_SOCKET, SO_REUSEADDR, 1},
      {options.broadcast, SOL_SOCKET, SO_BROADCAST, 1},
      {options.ttl > 0, IPPROTO_IP, IP_TTL, options.ttl},
      {true, IPPROTO_IP, IP_PKTINFO, 1},
      {true, IPPROTO_IP, IP_RECVTTL, 1},
      // Else a socket gets the groups that any process of the host has joined.
      {true, IPPROTO_IP, IP_MULTICAST_ALL, 0},
  };
  for (const auto& option : wanted_options) {
    if (!option.wanted) continue;
    if (auto done = set_option(fd, option.level, option.name, option.value); !done) return done;
  }
  (void)set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);  // without it drops are not counted, nothing else
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer);
  if (auto done = bind_to_device(fd, options.device); !done) return done;
  return bind_to(fd, options.bind);
}

Result<void> change_source_membership(int fd, int option, Ipv4Address group, int interface_index,
                                      Ipv4Address source) {
  group_source_req request{};
  request.gsr_interface = static_cast<std::uint32_t>(interface_index);
  const sockaddr_in group_address = to_sockaddr({group, 0}), source_address = to_sockaddr({source, 0});
  std::memcpy(&request.gsr_group, &group_address, sizeof group_address);
  std::memcpy(&request.gsr_source, &source_address, sizeof source_address);
  if (::setsockopt(fd, IPPROTO_IP, option, &request, sizeof request) != 0) return fail_errno(errno);
  return {};
}

Result<void> change_membership(int fd, int option, Ipv4Address group, int interface_index) {
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(group.value);
  request.imr_ifindex = interface_index;
  if (::setsockopt(fd, IPPROTO_IP, option, &request, sizeof request) != 0) return fail_errno(errno);
  return {};
}

}  // namespace

struct UdpSocket::Impl {
  Impl(EventLoop& event_loop, Fd socket, const Options& options, OnDatagrams callback);
  void on_readable();
  void on_interval();
  bool read(int batches);

  EventLoop& loop;
  Fd fd;
  std::uint16_t port;
  Duration read_interval;
  OnDatagrams on_datagrams;
  std::uint64_t send_errors = 0;
  SendBatch sending;
  // None of these without a callback: such a socket only sends.
  std::unique_ptr<ReceiveBatch> receiving;
  std::optional<Watch> readable;
  std::optional<Timer> interval;
};

UdpSocket::Impl::Impl(EventLoop& event_loop, Fd socket, const Options& options, OnDatagrams callback)
    : loop(event_loop),
      fd(std::move(socket)),
      port(local_endpoint(fd.get()).port),
      read_interval(options.read_interval),
      on_datagrams(std::move(callback)),
      sending(fd.get()) {
  if (!on_datagrams) return;
  receiving = std::make_unique<ReceiveBatch>(options.max_datagram);
  readable.emplace(loop, fd.get(), Watch::On::Read, [this] { on_readable(); });
  if (read_interval > Duration{}) interval.emplace(loop, [this] { on_interval(); });
}

void UdpSocket::Impl::on_readable() {
  if (!interval) {
    read(kBatchesAWake);
    return;
  }
  readable->disable();
  on_interval();
}

// Reads on by the clock while datagrams come; falls back to the read event when
// an interval was empty, so that an idle socket costs no wake-ups.
void UdpSocket::Impl::on_interval() {
  if (read(kBatchesAnInterval)) {
    interval->set(loop.now() + read_interval);
  } else {
    readable->enable();
  }
}

bool UdpSocket::Impl::read(int batches) {
  bool any = false;
  while (batches-- > 0) {
    const auto datagrams = receiving->read(fd.get());
    if (datagrams.empty()) break;
    any = true;
    on_datagrams(datagrams);
    if (datagrams.size() < kBatch) break;
  }
  return any;
}

UdpSocket::UdpSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpSocket::~UdpSocket() = default;

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(EventLoop& loop, const Options& options,
                                                   OnDatagrams on_datagrams) {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno);
  if (auto done = configure(fd.get(), options); !done) return fail(done.error());
  return std::unique_ptr<UdpSocket>(
      new UdpSocket(std::make_unique<Impl>(loop, std::move(fd), options, std::move(on_datagrams))));
}

Result<void> UdpSocket::join(Ipv4Address group, int interface_index, Ipv4Address source) {
  if (source)
    return change_source_membership(impl_->fd.get(), MCAST_JOIN_SOURCE_GROUP, group, interface_index, source);
  return change_membership(impl_->fd.get(), IP_ADD_MEMBERSHIP, group, interface_index);
}

Result<void> UdpSocket::leave(Ipv4Address group, int interface_index, Ipv4Address source) {
  if (source)
    return change_source_membership(impl_->fd.get(), MCAST_LEAVE_SOURCE_GROUP, group, interface_index,
                                    source);
  return change_membership(impl_->fd.get(), IP_DROP_MEMBERSHIP, group, interface_index);
}

Result<void> UdpSocket::set_multicast_sending(const MulticastSending& sending) {
  const int fd = impl_->fd.get();
  if (auto done = change_membership(fd, IP_MULTICAST_IF, {}, sending.interface_index); !done) return done;
  if (auto done = set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, sending.ttl); !done) return done;
  return set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, sending.loop ? 1 : 0);
}

void UdpSocket::set_pacing_rate(std::uint64_t bytes_a_second) {
  const auto rate = static_cast<unsigned>(std::min<std::uint64_t>(bytes_a_second, UINT32_MAX));
  (void)::setsockopt(impl_->fd.get(), SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate);
  impl_->sending.never_segment();  // what is cut later would be paced as one
}

bool UdpSocket::set_transmit_times() {
  sock_txtime wanted{};
  wanted.clockid = CLOCK_MONOTONIC;  // that of Time, and of fq
  return ::setsockopt(impl_->fd.get(), SOL_SOCKET, SO_TXTIME, &wanted, sizeof wanted) == 0;
}

std::size_t UdpSocket::send(std::span<const ByteView> packets, std::span<const Endpoint> targets,
                            std::span<const Time> times) {
  const std::size_t sent = impl_->sending.send(packets, targets, times);
  impl_->send_errors += packets.size() * targets.size() - sent;
  return sent;
}

Result<void> UdpSocket::send_from(int interface_index, const Endpoint& target, ByteView datagram) {
  sockaddr_in address = to_sockaddr(target);
  iovec piece{const_cast<std::uint8_t*>(datagram.data()), datagram.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> memory{};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = sizeof address;
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = memory.data();
  header.msg_controllen = memory.size();
  cmsghdr* const control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = IPPROTO_IP;
  control->cmsg_type = IP_PKTINFO;
  control->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  in_pktinfo info{};
  info.ipi_ifindex = interface_index;
  std::memcpy(CMSG_DATA(control), &info, sizeof info);
  while (::sendmsg(impl_->fd.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    ++impl_->send_errors;
    return fail_errno(errno);
  }
  return {};
}

bool UdpSocket::resolved(const std::string& device, Ipv4Address host) const {
  arpreq request{};
  const sockaddr_in address = to_sockaddr({host, 0});
  std::memcpy(&request.arp_pa, &address, sizeof address);
  device.copy(request.arp_dev, sizeof request.arp_dev - 1);
  return ::ioctl(impl_->fd.get(), SIOCGARP, &request) == 0 && (request.arp_flags & ATF_COM) != 0;
}

std::uint16_t UdpSocket::port() const { return impl_->port; }

int UdpSocket::receive_buffer_size() const {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  ::getsockopt(impl_->fd.get(), SOL_SOCKET, SO_RCVBUF, &bytes, &size);
  return bytes;
}

std::uint64_t UdpSocket::kernel_drops() const {
  return impl_->receiving ? impl_->receiving->kernel_drops() : 0;
}
std::uint64_t UdpSocket::send_errors() const { return impl_->send_errors; }

Result<UdpPair> open_pair(EventLoop& loop, UdpSocket::Options options, std::uint16_t first,
                          UdpSocket::OnDatagrams on_rtp, UdpSocket::OnDatagrams on_rtcp) {
  constexpr int kTries = 64;
  const auto in_use = [](const std::error_code& error) { return error == std::errc::address_in_use; };
  unsigned candidate = (first + 1U) & ~1U;  // zero: the kernel chooses, odd or even
  for (int tries = 0; tries < kTries && candidate < 65535; ++tries) {
    options.bind.port = static_cast<std::uint16_t>(candidate);
    if (candidate != 0) candidate += 2;
    auto rtp = UdpSocket::open(loop, options, on_rtp);
    if (!rtp && !in_use(rtp.error())) return fail(rtp.error());
    if (!rtp || (*rtp)->port() % 2 != 0) continue;
    options.bind.port = static_cast<std::uint16_t>((*rtp)->port() + 1);
    auto rtcp = UdpSocket::open(loop, options, on_rtcp);
    if (rtcp) return UdpPair{std::move(*rtp), std::move(*rtcp)};
    if (!in_use(rtcp.error())) return fail(rtcp.error());
  }
  return fail_errno(EADDRINUSE);
}

}  // namespace wfdcast::platform
