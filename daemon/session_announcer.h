#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "daemon/interfaces.h"
#include "platform/udp_socket.h"
#include "stream/session_description.h"

namespace wfdcast::daemon {

// Announces the group by SAP while it runs (stream.announce).
class SessionAnnouncer {
 public:
  // What there is to announce now; nullopt: the group does not run.
  using Current = std::function<std::optional<stream::SessionDescription>()>;

  SessionAnnouncer(platform::EventLoop& loop, const Interfaces& interfaces, int ttl, Current current);
  ~SessionAnnouncer();
  // Somebody joined or left the group.
  void look();

 private:
  void announce(stream::SapKind kind);

  platform::EventLoop& loop_;
  const Interfaces& interfaces_;
  int ttl_;
  Current current_;
  std::optional<stream::SessionDescription> announced_;
  std::uint16_t hash_;
  std::unique_ptr<platform::UdpSocket> socket_;
  platform::Timer timer_;
};

}  // namespace wfdcast::daemon
