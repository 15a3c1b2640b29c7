#include "daemon/sink_finder.h"

#include <array>
#include <system_error>

#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::Severity;
using platform::UdpSocket;

namespace {

// Under a flood one wake-up serves all that came in this time.
constexpr Duration kReadInterval = 10ms;
constexpr int kReceiveBuffer = 1024 * 1024;

security::CookieJar fresh_cookies() {
  std::array<std::uint8_t, security::CookieJar::kSecretSize> secret;
  platform::fill_random(secret);
  return security::CookieJar(secret);
}

}  // namespace

SinkFinder::SinkFinder(platform::EventLoop& loop, const Interfaces& interfaces, const Options& options,
                       OnEvent on_event)
    : loop_(loop),
      interfaces_(interfaces),
      options_(options),
      on_event_(std::move(on_event)),
      cookies_(fresh_cookies()),
      registry_(options.registry),
      expiry_(loop, [this] { publish(registry_.expire(loop_.now())); }) {
  const UdpSocket::Options socket{.bind = {{}, options.port},
                                  .reuse_address = true,
                                  .broadcast = true,
                                  .ttl = discovery::kRequiredTtl,
                                  .receive_buffer = kReceiveBuffer,
                                  .max_datagram = discovery::kMaxDatagram + 1,
                                  .read_interval = kReadInterval};
  auto opened = UdpSocket::open(loop, socket, [this](std::span<const UdpSocket::Datagram> datagrams) {
    for (const auto& datagram : datagrams) receive(datagram);
    expiry_.set(registry_.next_deadline());
  });
  if (!opened) throw std::system_error(opened.error(), fmt::format("discovery.port: UDP {}", options.port));
  socket_ = std::move(*opened);
  probe_all();
}

void SinkFinder::probe_all() {
  for (const UsableInterface& interface : interfaces_.usable()) {
    send(discovery::Probe{.id = options_.id, .cookie = std::nullopt},
         {kLimitedBroadcast, options_.registry.sink_port}, interface.index);
  }
}

void SinkFinder::send(const discovery::Announcement& announcement, const Endpoint& target,
                      int interface_index) {
  const auto sent = socket_->send_from(interface_index, target, discovery::serialize(announcement));
  if (!sent) {
    platform::log(Severity::Debug, "discovery: cannot send to {}: {}", to_string(target),
                  sent.error().message());
  }
}

void SinkFinder::receive(const UdpSocket::Datagram& datagram) {
  ++counters_.datagrams;
  if (!interfaces_.by_index(datagram.interface_index)) {
    ++counters_.other_interface;
    return;
  }
  if (datagram.ttl != discovery::kRequiredTtl || datagram.truncated) {
    ++counters_.malformed;
    return;
  }
  const auto announcement = discovery::parse_announcement(datagram.bytes);
  if (!announcement) {
    ++counters_.malformed;
    return;
  }
  const Time now = loop_.now();
  if (const auto* beacon = std::get_if<discovery::Beacon>(&*announcement)) {
    receive_beacon(*beacon, datagram, now);
  } else if (const auto* goodbye = std::get_if<discovery::Goodbye>(&*announcement)) {
    const auto proof = proof_of(goodbye->cookie, datagram.sender.address);
    publish(registry_.goodbye(*goodbye, datagram.sender, proof, now));
  }
  // Probes and invitations are for sinks.
}

void SinkFinder::receive_beacon(const discovery::Beacon& beacon, const UdpSocket::Datagram& datagram,
                                Time now) {
  if (beacon.address != datagram.sender.address || beacon.information.role == Role::Source) {
    ++counters_.malformed;
    return;
  }
  const discovery::Sighting sighting{.beacon = beacon,
                                     .sender = datagram.sender,
                                     .interface_index = datagram.interface_index,
                                     .proof = proof_of(beacon.cookie, datagram.sender.address),
                                     .link = link_of(datagram)};
  publish(registry_.sight(sighting, now));
  if (registry_.probe_wanted(sighting, now)) {
    ++counters_.probes;
    send(discovery::Probe{.id = options_.id, .cookie = cookies_.cookie_for(datagram.sender.address)},
         datagram.sender, datagram.interface_index);
  }
  if (registry_.ask_all_wanted(now)) probe_all();
}

// Asked of the kernel only for what was sent to us alone: a real sink has done
// ARP with us then, and a flood of broadcasts costs nothing here.
discovery::Link SinkFinder::link_of(const UdpSocket::Datagram& datagram) const {
  const UsableInterface* interface = interfaces_.by_index(datagram.interface_index);
  if (interfaces_.by_address(datagram.sender.address)) return discovery::Link::Resolved;  // this very host
  const bool for_us = interface && datagram.destination == interface->address;
  return for_us && socket_->resolved(interface->name, datagram.sender.address) ? discovery::Link::Resolved
                                                                               : discovery::Link::Unresolved;
}

discovery::Proof SinkFinder::proof_of(const std::optional<discovery::Cookie>& cookie,
                                      Ipv4Address address) const {
  return cookie && cookies_.matches(*cookie, address) ? discovery::Proof::Cookie : discovery::Proof::None;
}

void SinkFinder::publish(const std::vector<discovery::PeerEvent>& events) {
  for (const auto& event : events) on_event_(event);
  expiry_.set(registry_.next_deadline());
}

}  // namespace wfdcast::daemon
