#pragma once

#include <functional>
#include <memory>

#include "daemon/access.h"
#include "daemon/config.h"
#include "daemon/interfaces.h"
#include "daemon/invitation_guard.h"
#include "discovery/beacon_schedule.h"
#include "platform/udp_socket.h"

namespace wfdcast::daemon {

// The sink's side of discovery: sends its beacons, answers probes, hears
// invitations. All by one socket on the port after the discovery port, so that
// a source on the same board keeps that one.
class Announcer {
 public:
  using OnInvitation =
      std::function<void(const discovery::Invitation&, const Endpoint& sender, int interface_index)>;

  // Paired mode: what is signed, and which invitations count.
  struct Security {
    const Config& config;
    const Trust& trust;
    std::function<bool()> pairing_open;
    std::function<Access(const std::string& interface)> access;
  };
  // Throws std::system_error.
  Announcer(platform::EventLoop& loop, const Interfaces& interfaces,
            discovery::BeaconSchedule::Options options, Security security, OnInvitation on_invitation);

  void interfaces_changed();
  void set_state(discovery::SinkState state);
  void say_goodbye();
  [[nodiscard]] InvitationGuard& guard() { return guard_; }
  [[nodiscard]] const InvitationGuard& guard() const { return guard_; }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

 private:
  void receive_invitation(const discovery::Invitation& invitation,
                          const platform::UdpSocket::Datagram& datagram);
  void receive(const platform::UdpSocket::Datagram& datagram);
  void send(const std::vector<discovery::Outgoing>& datagrams);

  platform::EventLoop& loop_;
  const Interfaces& interfaces_;
  DeviceId id_;
  std::uint16_t port_;
  Security security_;
  InvitationGuard guard_;
  discovery::BeaconSchedule schedule_;
  OnInvitation on_invitation_;
  std::uint64_t malformed_ = 0;
  platform::Timer timer_;
  std::unique_ptr<platform::UdpSocket> socket_;
};

}  // namespace wfdcast::daemon
