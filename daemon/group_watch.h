#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/interfaces.h"
#include "platform/udp_socket.h"

namespace wfdcast::daemon {

// Listens to the group of a source on its networks: RTP of somebody else there would reach our sinks.
class GroupWatch {
 public:
  using OnForeign = std::function<void(Ipv4Address sender)>;
  // One that sends on is told of again.
  static constexpr Duration kTellAgain = 1min;

  GroupWatch(platform::EventLoop& loop, const Interfaces& interfaces, OnForeign on_foreign);
  void watch(const Endpoint& group);
  void interfaces_changed();
  // Who sends there too, since watch().
  [[nodiscard]] const std::vector<Ipv4Address>& foreign() const { return foreign_; }

 private:
  void receive(std::span<const platform::UdpSocket::Datagram> datagrams);

  platform::EventLoop& loop_;
  const Interfaces& interfaces_;
  OnForeign on_foreign_;
  Endpoint group_;
  std::vector<Ipv4Address> foreign_;
  Time told_{};
  std::vector<int> joined_;  // indices
  std::unique_ptr<platform::UdpSocket> socket_;
};

}  // namespace wfdcast::daemon
