#pragma once

#include <memory>

#include "daemon/interfaces.h"
#include "platform/igmp_socket.h"

namespace wfdcast::daemon {

// Says again and again that this sink is a member of its group, without being asked: a switch whose querier
// is gone would forget it after some minutes.
class MembershipRefresh {
 public:
  // `interval` zero: never.
  MembershipRefresh(platform::EventLoop& loop, Duration interval);
  // `source`: of a source-specific membership, else none.
  void start(const UsableInterface& interface, Ipv4Address group, Ipv4Address source);
  void stop();

 private:
  void refresh();

  platform::EventLoop& loop_;
  Duration interval_;
  std::unique_ptr<platform::IgmpSocket> socket_;
  std::string interface_;
  Ipv4Address group_, source_;
  platform::Timer timer_;
};

}  // namespace wfdcast::daemon
