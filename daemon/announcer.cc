#include "daemon/announcer.h"

#include <array>
#include <system_error>

#include "daemon/access.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::Severity;
using platform::UdpSocket;

namespace {

std::array<std::uint8_t, security::CookieJar::kSecretSize> fresh_secret() {
  std::array<std::uint8_t, security::CookieJar::kSecretSize> secret;
  platform::fill_random(secret);
  return secret;
}

discovery::BeaconSchedule::Options sealing(discovery::BeaconSchedule::Options options,
                                           const Announcer::Security& security,
                                           const InvitationGuard& guard) {
  if (security.config.security.mode == SecurityMode::Open) return options;
  options.key = security.trust.identity().public_key();
  options.invitation_cookie = [&guard](Ipv4Address source) { return guard.cookie_for(source); };
  return options;
}

}  // namespace

Announcer::Announcer(platform::EventLoop& loop, const Interfaces& interfaces,
                     discovery::BeaconSchedule::Options options, Security security,
                     OnInvitation on_invitation)
    : loop_(loop),
      interfaces_(interfaces),
      id_(options.id),
      port_(static_cast<std::uint16_t>(options.port + 1)),
      security_(std::move(security)),
      guard_(security_.trust, fresh_secret(), security_.config.security.max_invitations,
             security_.pairing_open),
      schedule_(sealing(std::move(options), security_, guard_)),
      on_invitation_(std::move(on_invitation)),
      timer_(loop, [this] { send(schedule_.tick(loop_.now())); }) {
  const UdpSocket::Options socket{
      .bind = {{}, port_},
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
    if (invitation->sink == id_ && invitation->boot_id == schedule_.boot_id())
      receive_invitation(*invitation, datagram);
  }
  // Other sinks' beacons and goodbyes are for sources.
}

void Announcer::receive_invitation(const discovery::Invitation& invitation,
                                   const UdpSocket::Datagram& datagram) {
  const std::string& interface = interfaces_.by_index(datagram.interface_index)->name;
  if (security_.access(interface) == Access::Trusted &&
      !guard_.accepts(invitation, datagram.bytes, datagram.sender.address,
                      schedule_.recent(invitation.sequence), loop_.now())) {
    platform::log(Severity::Debug, "invitation from {}: not from a source that may show here, ignoring",
                  to_string(datagram.sender.address));
    return;
  }
  on_invitation_(invitation, datagram.sender, datagram.interface_index);
}

void Announcer::send(const std::vector<discovery::Outgoing>& datagrams) {
  for (const auto& outgoing : datagrams) {
    auto datagram = outgoing.datagram;
    if (security_.config.security.mode == SecurityMode::Paired &&
        outgoing.copy == discovery::Outgoing::Copy::Proven) {
      discovery::append_signature(
          datagram, security_.trust.identity().sign(security::announcement_message(outgoing.datagram)));
    }
    const auto sent = socket_->send_from(outgoing.interface_index, outgoing.target, datagram);
    if (!sent) {
      platform::log(Severity::Debug, "discovery: cannot send to {}: {}", to_string(outgoing.target),
                    sent.error().message());
    }
  }
  timer_.set(schedule_.next_deadline());
}

}  // namespace wfdcast::daemon
