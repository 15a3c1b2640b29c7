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

void SinkFinder::trust_changed() {
  std::vector<DeviceId> strangers;
  for (const discovery::Peer* peer : registry_.peers()) {
    if (!options_.trust->store().find(peer->id)) strangers.push_back(peer->id);
  }
  for (const DeviceId& id : strangers) publish(registry_.disown(id));
  // Who was a stranger until now: its signature in the answer makes it one of ours at once.
  for (const discovery::Peer* peer : registry_.peers()) {
    if (peer->identity == discovery::Peer::Identity::Claimed && options_.trust->store().find(peer->id))
      probe(peer->endpoint, peer->interface_index);
  }
}

void SinkFinder::probe_all() {
  for (const UsableInterface& interface : interfaces_.usable()) {
    send(discovery::Probe{.id = options_.id, .cookie = std::nullopt},
         {kLimitedBroadcast, options_.registry.sink_port}, interface.index);
  }
}

void SinkFinder::probe(const Endpoint& sink, int interface_index) {
  send(discovery::Probe{.id = options_.id, .cookie = cookies_.cookie_for(sink.address)}, sink,
       interface_index);
}

void SinkFinder::send(const discovery::Announcement& announcement, const Endpoint& target,
                      int interface_index) {
  auto datagram = discovery::serialize(announcement);
  const auto* invitation = std::get_if<discovery::Invitation>(&announcement);
  if (invitation && invitation->key)
    discovery::append_signature(datagram,
                                options_.trust->identity().sign(security::announcement_message(datagram)));
  const auto sent = socket_->send_from(interface_index, target, datagram);
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
    receive_goodbye(*goodbye, datagram, now);
  }
  // Probes and invitations are for sinks.
}

void SinkFinder::receive_beacon(const discovery::Beacon& beacon, const UdpSocket::Datagram& datagram,
                                Time now) {
  if (beacon.address != datagram.sender.address || beacon.information.role == Role::Source) {
    ++counters_.malformed;
    return;
  }
  discovery::Sighting sighting{.beacon = beacon,
                               .sender = datagram.sender,
                               .interface_index = datagram.interface_index,
                               .proof = proof_of(beacon.cookie, datagram.sender.address),
                               .link = link_of(datagram)};
  if (options_.trust && discovery::sealed(datagram.bytes) && known_key(beacon) &&
      registry_.signature_wanted(sighting, now)) {
    if (!signed_by_peer(beacon.id, datagram.bytes)) return registry_.signature_failed(sighting, now);
    if (beacon.id == options_.id) {
      own_key_elsewhere_ = own_key_elsewhere_ || !interfaces_.by_address(datagram.sender.address);
    } else {
      sighting.proof = discovery::Proof::Signed;
    }
  }
  publish(registry_.sight(sighting, now));
  if (registry_.probe_wanted(sighting, now)) {
    ++counters_.probes;
    probe(datagram.sender, datagram.interface_index);
  }
  if (registry_.ask_all_wanted(now)) probe_all();
}

// A look into the trust store costs less than a signature: strangers' are never checked.
bool SinkFinder::known_key(const discovery::Beacon& beacon) const {
  if (beacon.id == options_.id) return beacon.key == options_.trust->identity().public_key();
  const security::TrustEntry* const entry = options_.trust->store().find(beacon.id);
  return entry && beacon.key == entry->key;
}

bool SinkFinder::signed_by_peer(const DeviceId& id, ByteView datagram) {
  const auto seal = discovery::sealed(datagram);
  const security::TrustEntry* const entry = options_.trust->store().find(id);
  const PublicKey& key = id == options_.id ? options_.trust->identity().public_key() : entry->key;
  ++counters_.signatures;
  if (security::verify(key, security::announcement_message(seal->message), seal->signature)) return true;
  ++counters_.bad_signatures;
  return false;
}

// A peer that signs takes leave with a signature too; else its TTL decides.
void SinkFinder::receive_goodbye(const discovery::Goodbye& goodbye, const UdpSocket::Datagram& datagram,
                                 Time now) {
  auto proof = proof_of(goodbye.cookie, datagram.sender.address);
  const discovery::Peer* const peer = registry_.find(goodbye.id);
  const bool signs = peer && peer->identity != discovery::Peer::Identity::Claimed;
  if (signs && proof == discovery::Proof::Cookie) {
    const bool trusted = options_.trust->store().find(goodbye.id) != nullptr;
    const bool its_own = peer->endpoint.address == datagram.sender.address;
    const bool newer = goodbye.boot_id == peer->boot_id && goodbye.sequence > peer->sequence;
    if (!trusted || !its_own || !newer || !goodbyes_.take(now) || !discovery::sealed(datagram.bytes) ||
        !signed_by_peer(goodbye.id, datagram.bytes))
      return;
  }
  publish(registry_.goodbye(goodbye, datagram.sender, proof, now));
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
