#include "daemon/announcer.h"

#include <system_error>

#include "platform/log.h"

namespace wfdcast::daemon {

using platform::Severity;
using platform::UdpSocket;

Announcer::Announcer(platform::EventLoop& loop, const Interfaces& interfaces,
                     discovery::BeaconSchedule::Options options, OnInvitation on_invitation)
    : loop_(loop),
      interfaces_(interfaces),
      id_(options.id),
      schedule_(options),
      on_invitation_(std::move(on_invitation)),
      timer_(loop, [this] { send(schedule_.tick(loop_.now())); }) {
  const UdpSocket::Options socket{
      .bind = {{}, static_cast<std::uint16_t>(options.port + 1)},
      .broadcast = true,
      .ttl = discovery::kRequiredTtl,
      .max_datagram = discovery::kMaxDatagram + 1,
  };
  auto opened = UdpSocket::open(loop, socket, [this](std::span<const UdpSocket::Datagram> datagrams) {
    for (const auto& datagram : datagrams) receive(datagram);
  });
  if (!opened)
    throw std::system_error(opened.error(), fmt::format("discovery.port + 1: UDP {}", socket.bind.port));
  socket_ = std::move(*opened);
  interfaces_changed();
}

void Announcer::interfaces_changed() {
  std::vector<discovery::InterfaceAddress> addresses;
  for (const UsableInterface& interface : interfaces_.usable()) {
    addresses.push_back({interface.index, interface.address, interface.broadcast});
  }
  send(schedule_.set_interfaces(std::move(addresses), loop_.now()));
}

void Announcer::set_state(discovery::SinkState state) { send(schedule_.set_state(state, loop_.now())); }

void Announcer::say_goodbye() { send(schedule_.goodbye(loop_.now())); }

void Announcer::receive(const UdpSocket::Datagram& datagram) {
  if (!interfaces_.by_index(datagram.interface_index)) return;
  const auto announcement = discovery::parse_announcement(datagram.bytes);
  if (!announcement || datagram.truncated || datagram.ttl != discovery::kRequiredTtl) {
    ++malformed_;
    return;
  }
  if (const auto* probe = std::get_if<discovery::Probe>(&*announcement)) {
    send(schedule_.answer(*probe, datagram.sender, datagram.interface_index, loop_.now()));
  } else if (const auto* invitation = std::get_if<discovery::Invitation>(&*announcement)) {
    if (invitation->sink == id_ && invitation->boot_id == schedule_.boot_id()) {
      on_invitation_(*invitation, datagram.sender, datagram.interface_index);
    }
  }
  // Other sinks' beacons and goodbyes are for sources.
}

void Announcer::send(const std::vector<discovery::Outgoing>& datagrams) {
  for (const auto& outgoing : datagrams) {
    const auto sent = socket_->send_from(outgoing.interface_index, outgoing.target, outgoing.datagram);
    if (!sent) {
      platform::log(Severity::Debug, "discovery: cannot send to {}: {}", to_string(outgoing.target),
                    sent.error().message());
    }
  }
  timer_.set(schedule_.next_deadline());
}

}  // namespace wfdcast::daemon
