#include "daemon/stream_outlets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "platform/queueing.h"

namespace wfdcast::daemon {

using platform::UdpSocket;

namespace {

UdpSocket::Options socket_options(std::uint16_t port) {
  UdpSocket::Options options;
  options.bind = {{}, port};
  options.reuse_address = true;  // the outlets share the RTP port
  options.send_buffer = 512 * 1024;
  return options;
}

}  // namespace

StreamOutlets::StreamOutlets(platform::EventLoop& loop, const decltype(Config::stream)& config,
                             OnRtcp on_rtcp)
    : loop_(loop), config_(config) {
  auto pair = platform::open_pair(
      loop, socket_options(0), 0, [](std::span<const UdpSocket::Datagram>) {},
      [on_rtcp = std::move(on_rtcp)](std::span<const UdpSocket::Datagram> datagrams) {
        for (const auto& datagram : datagrams) on_rtcp(datagram);
      });
  if (!pair) throw std::system_error(pair.error(), "RTP sockets");
  sockets_ = std::move(*pair);
}

std::vector<std::string> StreamOutlets::use(const std::vector<UsableInterface>& usable,
                                            const std::function<bool(int)>& needed) {
  const auto is_usable = [&](int index) {
    return std::ranges::any_of(usable, [&](const auto& interface) { return interface.index == index; });
  };
  std::erase_if(outlets_, [&](const Outlet& outlet) {
    return !needed(outlet.interface_index) || !is_usable(outlet.interface_index);
  });
  std::vector<std::string> problems;
  for (const UsableInterface& interface : usable) {
    const auto has = [&](const Outlet& outlet) { return outlet.interface_index == interface.index; };
    if (!needed(interface.index) || std::ranges::any_of(outlets_, has)) continue;
    if (const auto added = add(interface); !added)
      problems.push_back(fmt::format("multicast on {}: {}", interface.name, added.error().message()));
  }
  return problems;
}

Result<void> StreamOutlets::add(const UsableInterface& interface) {
  auto socket = UdpSocket::open(loop_, socket_options(sockets_.rtp->port()),
                                [](std::span<const UdpSocket::Datagram>) {});
  if (!socket) return fail(socket.error());
  const UdpSocket::MulticastSending sending{
      .interface_index = interface.index, .ttl = config_.ttl, .loop = config_.loop};
  if (const auto set = (*socket)->set_multicast_sending(sending); !set) return set;
  (void)sockets_.rtcp->set_multicast_sending(sending);
  const std::string kind = platform::root_queueing(interface.index);
  const std::string_view pacing = kind == kShaper ? kShaper : kind == kFairQueue ? kFairQueue : kTimer;
  const bool takes_times = pacing == kFairQueue && (*socket)->set_transmit_times();
  outlets_.push_back({interface.index, std::move(*socket), pacing, takes_times});
  return {};
}

bool StreamOutlets::takes_times() const {
  return !outlets_.empty() && std::ranges::all_of(outlets_, &Outlet::takes_times);
}

std::string_view StreamOutlets::pacing() const {
  if (outlets_.empty()) return kTimer;
  const std::string_view first = outlets_.front().pacing;
  const auto same = [&](const Outlet& outlet) { return outlet.pacing == first; };
  return std::ranges::all_of(outlets_, same) ? first : kTimer;
}

void StreamOutlets::set_bitrate(std::uint64_t bitrate) {
  for (const Outlet& outlet : outlets_) {
    if (outlet.pacing == kFairQueue) outlet.socket->set_pacing_rate(bitrate / 8 * 3 / 2);
  }
}

void StreamOutlets::send_to_group(std::span<const ByteView> packets, const Endpoint& group,
                                  std::span<const Time> times) {
  const std::array target{group};
  for (const Outlet& outlet : outlets_) outlet.socket->send(packets, target, times);
}

void StreamOutlets::send(std::span<const ByteView> packets, std::span<const Endpoint> targets) {
  if (!targets.empty()) sockets_.rtp->send(packets, targets);
}

void StreamOutlets::send_report_to_group(ByteView compound, const Endpoint& group) {
  for (const Outlet& outlet : outlets_)
    (void)sockets_.rtcp->send_from(outlet.interface_index, group, compound);
}

void StreamOutlets::send_report(ByteView compound, const Endpoint& target) {
  (void)sockets_.rtcp->send_from(0, target, compound);
}

}  // namespace wfdcast::daemon
