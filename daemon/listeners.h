#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/interfaces.h"
#include "platform/stream_connection.h"

namespace wfdcast::daemon {

// One RTSP listener for each configured interface that is there, bound to the
// device: which listener accepted decides what is allowed. A host on one
// interface cannot reach the address of another through it.
class Listeners {
 public:
  using OnAccept = std::function<void(platform::Listener::Accepted, int interface_index)>;

  Listeners(platform::EventLoop& loop, const Interfaces& interfaces, std::uint16_t port,
            const Duration& dead_after, OnAccept on_accept);
  // Interfaces came, went, or came back under another index.
  void interfaces_changed();
  // `dead_after` has another value now; connections that are there keep the old one.
  void dead_after_changed();
  // One line for each interface that cannot be listened on.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  platform::EventLoop& loop_;
  const Interfaces& interfaces_;
  std::uint16_t port_;
  const Duration& dead_after_;  // a vanished host is noticed within this
  OnAccept on_accept_;
  std::vector<std::string> problems_;
  std::map<int, std::unique_ptr<platform::Listener>> by_index_;
};

}  // namespace wfdcast::daemon
