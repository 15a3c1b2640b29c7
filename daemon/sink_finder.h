#pragma once

#include <functional>
#include <memory>

#include "daemon/interfaces.h"
#include "daemon/trust.h"
#include "discovery/peer_registry.h"
#include "platform/udp_socket.h"
#include "security/cookie.h"

namespace wfdcast::daemon {

// The source's side of discovery: one UDP socket hears every sink, probes the
// ones that have not proven their address, and keeps the registry.
class SinkFinder {
 public:
  struct Options {
    DeviceId id;
    std::uint16_t port = 7236;
    discovery::PeerRegistry::Options registry;
    const Trust* trust = nullptr;  // paired mode: whose signatures count, and our own key
  };
  struct Counters {
    std::uint64_t datagrams = 0;
    std::uint64_t malformed = 0;        // not ours, another version, forged address, from beyond the link
    std::uint64_t other_interface = 0;  // came in where we do not look
    std::uint64_t probes = 0;
    std::uint64_t signatures = 0, bad_signatures = 0;  // checked; of these, wrong
  };
  using OnEvent = std::function<void(const discovery::PeerEvent&)>;

  // Throws std::system_error when the port cannot be had.
  SinkFinder(platform::EventLoop& loop, const Interfaces& interfaces, const Options& options,
             OnEvent on_event);

  // Asks every sink to answer at once; at start and when an interface appears.
  void probe_all();
  // Sends one datagram to a peer, out of the interface that it was seen on.
  void send(const discovery::Announcement& announcement, const Endpoint& target, int interface_index);

  // Strangers are strangers again, and who is one no more is asked to show it.
  void trust_changed();

  [[nodiscard]] const discovery::PeerRegistry& registry() const { return registry_; }
  // Another board has shown that it has our own key.
  [[nodiscard]] bool own_key_elsewhere() const { return own_key_elsewhere_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void receive(const platform::UdpSocket::Datagram& datagram);
  [[nodiscard]] bool known_key(const discovery::Beacon& beacon) const;
  [[nodiscard]] bool signed_by_peer(const DeviceId& id, ByteView datagram);
  void receive_goodbye(const discovery::Goodbye& goodbye, const platform::UdpSocket::Datagram& datagram,
                       Time now);
  void receive_beacon(const discovery::Beacon& beacon, const platform::UdpSocket::Datagram& datagram,
                      Time now);
  [[nodiscard]] discovery::Link link_of(const platform::UdpSocket::Datagram& datagram) const;
  [[nodiscard]] discovery::Proof proof_of(const std::optional<discovery::Cookie>& cookie,
                                          Ipv4Address address) const;
  void probe(const Endpoint& sink, int interface_index);
  void publish(const std::vector<discovery::PeerEvent>& events);

  platform::EventLoop& loop_;
  const Interfaces& interfaces_;
  Options options_;
  OnEvent on_event_;
  security::CookieJar cookies_;
  discovery::PeerRegistry registry_;
  Counters counters_;
  bool own_key_elsewhere_ = false;
  discovery::TokenBucket goodbyes_{64, 64};  // whose signatures are checked
  platform::Timer expiry_;
  std::unique_ptr<platform::UdpSocket> socket_;
};

}  // namespace wfdcast::daemon
