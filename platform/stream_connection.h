#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/endpoint.h"
#include "base/result.h"
#include "platform/connection.h"
#include "platform/event_loop.h"
#include "platform/fd.h"
#include "platform/listener.h"

namespace wfdcast::platform {

// Sets TCP_NODELAY, keepalive and TCP_USER_TIMEOUT, so that a vanished host is
// noticed within `dead_after`.
[[nodiscard]] Result<void> prepare_tcp(int fd, Duration dead_after);

// A connected byte stream (TCP or Unix). Output that the peer does not read is
// buffered up to a limit; beyond it the connection counts as lost. A peer that
// shuts down its sending side has closed. SIGPIPE never comes, and no callback
// comes from inside write() or finish().
class StreamConnection : public Connection {
 public:
  static constexpr std::size_t kMaxUnsent = 256 * 1024;
  StreamConnection(EventLoop& loop, Fd fd, Callbacks callbacks);
  ~StreamConnection() override;

  void set_callbacks(Callbacks callbacks) override { callbacks_ = std::move(callbacks); }
  void write(std::string_view bytes) override;
  void finish(Duration grace) override;
  [[nodiscard]] std::size_t unsent() const override;
  [[nodiscard]] Endpoint peer() const override { return peer_; }
  [[nodiscard]] Endpoint local() const override;  // asks the kernel

 private:
  enum class State {
    Open,
    Flushing,  // finish() was called, output waits
    Draining,  // all is written; what still comes is thrown away until the peer closes
    Over,      // on_closed is due
    Told,
  };
  void on_readable();
  void on_writable();
  void on_expiry();
  void take(std::string_view bytes);
  [[nodiscard]] std::size_t send_some(std::string_view bytes);
  void watch_writable();
  void drain();
  void end(std::string reason);
  void expire_at(Time time);

  EventLoop& loop_;
  Fd fd_;
  Callbacks callbacks_;
  Endpoint peer_;
  State state_ = State::Open;
  std::string pending_;  // output that the kernel did not take
  std::size_t drained_ = 0;
  std::string reason_;
  Watch readable_;
  // Made when first needed, so that ten thousand idle sessions do without.
  std::optional<Watch> writable_;
  std::optional<Timer> timer_;  // the end of the grace, or on_closed is due
};

// Connects without blocking; `device` binds the socket to an interface.
class Connector {
 public:
  using OnDone = std::function<void(Result<Fd>)>;  // called once
  Connector(EventLoop& loop, const Endpoint& target, const std::string& device, Duration timeout,
            OnDone on_done);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

 private:
  void finish(std::error_code error);

  OnDone on_done_;
  Fd fd_;
  std::error_code error_;  // what on_done_ hears when the timer expires
  std::optional<Watch> writable_;
  Timer timer_;
};

}  // namespace wfdcast::platform
