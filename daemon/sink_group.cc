// A sink in the group: the move there and back, and the memberships.
#include "daemon/sink_stream.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using platform::UdpSocket;

void SinkStream::move(const Transport& transport) {
  if (!receiver_) return;
  leave_timer_.set(std::nullopt);
  if (transport.delivery == Delivery::Unicast) {
    if (phase_ == Phase::Unicast) return report(Delivery::Unicast, "already there");
    phase_ = Phase::Returning;
    receiver_->await_unicast(loop_.now());
  } else {
    if (phase_ == Phase::Group) return report(Delivery::Multicast, "already there");
    transport_.destination = transport.destination;
    transport_.client = transport.client;
    transport_.server = transport.server;
    if (const auto joined = join(); !joined) {
      return report(Delivery::Unicast, "cannot join: " + joined.error().message());
    }
    phase_ = Phase::Comparing;
    receiver_->compare_group(loop_.now());
  }
  due_.set(receiver_->next_deadline());
}

Result<void> SinkStream::join() {
  const UsableInterface* interface = interfaces_.by_name(interface_);
  if (!interface) return fail(std::make_error_code(std::errc::no_such_device));
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  const auto open = [&](std::uint16_t port, UdpSocket::OnDatagrams on_datagrams) -> Result<void> {
    auto socket = open_on_group(port, interface->index, std::move(on_datagrams));
    if (!socket) return fail(socket.error());
    sockets.push_back(std::move(*socket));
    return {};
  };
  const auto above = [&](std::uint16_t offset) {
    return static_cast<std::uint16_t>(transport_.client.rtp + offset);
  };
  auto opened = open(transport_.client.rtp, [this](Datagrams d) { receive(d, Delivery::Multicast); });
  if (opened)
    opened = open(transport_.client.rtcp, [this](Datagrams d) { receive_rtcp(d, Delivery::Multicast); });
  if (opened && config_.repairs_by("nack"))
    opened = open(above(stream::kParityPort), [this](Datagrams d) { receive_parity(d); });
  for (const std::uint16_t offset : {stream::kColumnPort, stream::kRowPort}) {
    if (opened && config_.repairs_by("fec"))
      opened = open(above(offset), [this](Datagrams d) { receive_fec(d); });
  }
  if (!opened) return opened;
  group_ = {std::move(sockets[0]), std::move(sockets[1])};
  sockets.erase(sockets.begin(), sockets.begin() + 2);
  group_repair_ = std::move(sockets);
  joined_index_ = interface->index;
  refresh_.start(*interface, transport_.destination, group_source());
  socket_.receive_buffer = group_.rtp->receive_buffer_size();
  socket_.rp_filter = platform::effective_rp_filter(interface_);
  log(Severity::Info, "stream: joined {}:{} on {}, receive buffer {} bytes, rp_filter {}",
      to_string(transport_.destination), transport_.client.rtp, interface_, socket_.receive_buffer,
      socket_.rp_filter ? std::to_string(*socket_.rp_filter) : "unknown");
  if (socket_.rp_filter == 1) {
    log(Severity::Warning,
        "stream: rp_filter is strict on {}: without a route to the source the kernel drops the stream",
        interface_);
  }
  return {};
}

// A member of the group from the start: bound, joined.
Result<std::unique_ptr<UdpSocket>> SinkStream::open_on_group(std::uint16_t port, int interface_index,
                                                             UdpSocket::OnDatagrams on_datagrams) {
  UdpSocket::Options options;
  options.bind = {transport_.destination, port};
  options.reuse_address = true;
  options.receive_buffer = kReceiveBuffer;
  auto socket = UdpSocket::open(loop_, options, std::move(on_datagrams));
  if (!socket) return fail(socket.error());
  if (const auto joined = (*socket)->join(transport_.destination, interface_index, group_source()); !joined)
    return fail(joined.error());
  return std::move(*socket);
}

Ipv4Address SinkStream::group_source() const {
  constexpr std::uint32_t kSourceSpecific = 232;
  return transport_.destination.value >> 24 == kSourceSpecific ? source_ : Ipv4Address{};
}

// The memberships end before the sockets go, so that a join that follows is
// a new one for the kernel and sends a report.
void SinkStream::leave() {
  if (joined_index_ == 0) return;
  refresh_.stop();
  const auto leave_with = [this](UdpSocket& socket) {
    (void)socket.leave(transport_.destination, joined_index_, group_source());
  };
  leave_with(*group_.rtp);
  leave_with(*group_.rtcp);
  for (const auto& socket : group_repair_) leave_with(*socket);
  loop_.post([pair = std::make_shared<platform::UdpPair>(std::move(group_)),
              repair = std::make_shared<decltype(group_repair_)>(std::move(group_repair_))] {});
  group_repair_.clear();
  group_ = {};
  joined_index_ = 0;
}

void SinkStream::interfaces_changed() {
  const UsableInterface* interface = interfaces_.by_name(interface_);
  if (joined_index_ == 0 || !interface || interface->index == joined_index_) return;
  leave();
  if (const auto joined = join(); !joined) report(Delivery::Unicast, joined.error().message());
}

}  // namespace wfdcast::daemon
