#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "daemon/method_table.h"
#include "platform/event_loop.h"
#include "platform/stream_connection.h"

namespace wfdcast::daemon {

// Serves the control protocol on a Unix socket: lines in, lines out, events to
// the clients that asked for them.
class ControlServer {
 public:
  static constexpr std::size_t kMaxLine = 64 * 1024;
  static constexpr std::size_t kMaxClients = 16;

  // Throws std::system_error when the socket cannot be had.
  ControlServer(platform::EventLoop& loop, const std::string& path, const MethodTable& methods);
  ~ControlServer();

  [[nodiscard]] bool has_subscribers() const;
  // To every client that called `monitor`.
  void publish(std::string_view event, const json& params);

 private:
  using ClientId = std::uint64_t;
  struct Client {
    std::unique_ptr<platform::StreamConnection> connection;
    std::string line;  // what has come of the next one
    bool subscribed = false;
  };

  void accept(platform::Listener::Accepted accepted);
  void receive(ClientId id, std::string_view bytes);
  void send(ClientId id, const std::string& line);
  void forget(ClientId id);

  platform::EventLoop& loop_;
  std::string path_;
  const MethodTable& methods_;
  ClientId next_id_ = 1;
  std::map<ClientId, Client> clients_;
  // Handlers that answer later must not outlive us.
  std::shared_ptr<ControlServer*> self_ = std::make_shared<ControlServer*>(this);
  std::unique_ptr<platform::Listener> listener_;
};

}  // namespace wfdcast::daemon
