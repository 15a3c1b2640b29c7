#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/endpoint.h"
#include "base/result.h"
#include "platform/event_loop.h"
#include "platform/fd.h"

namespace wfdcast::platform {

// Sets TCP_NODELAY, keepalive and TCP_USER_TIMEOUT, so that a vanished host is
// noticed within `dead_after`.
[[nodiscard]] Result<void> prepare_tcp(int fd, Duration dead_after);

// A connected byte stream (TCP or Unix). Output that the peer does not read is
// buffered up to a limit; beyond it the connection counts as lost. SIGPIPE
// never comes.
class StreamConnection {
 public:
  static constexpr std::size_t kMaxUnsent = 256 * 1024;
  struct Callbacks {
    std::function<void(std::string_view bytes)> on_bytes;
    std::function<void(std::string reason)> on_closed;  // once; the peer closed, or an error
    std::function<void()> on_flushed = {};  // everything written is with the kernel
  };
  StreamConnection(EventLoop& loop, Fd fd, Callbacks callbacks);
  ~StreamConnection();
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  void write(std::string_view bytes);
  // No more reading; closes when all is written or after `grace`, then calls on_closed.
  void finish(Duration grace);
  // Bytes that the peer's host has not acknowledged (SIOCOUTQ) or that wait here.
  [[nodiscard]] std::size_t unsent() const;
  [[nodiscard]] Endpoint peer() const;   // TCP only
  [[nodiscard]] Endpoint local() const;  // TCP only

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Connects without blocking; `device` binds the socket to an interface.
class Connector {
 public:
  using OnDone = std::function<void(Result<Fd>)>;  // called once
  Connector(EventLoop& loop, const Endpoint& target, const std::string& device, Duration timeout, OnDone on_done);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Listens and accepts. Survives aborted connections; when descriptors run out
// it stops for 100 ms instead of spinning, then goes on.
class Listener {
 public:
  struct Accepted {
    Fd fd;
    Endpoint peer;  // TCP only
  };
  using OnAccept = std::function<void(Accepted)>;
  // TCP on 0.0.0.0:port, bound to `device` when not empty (SO_BINDTODEVICE).
  [[nodiscard]] static Result<std::unique_ptr<Listener>> tcp(EventLoop& loop, std::uint16_t port, const std::string& device,
                                                             OnAccept on_accept);
  // A Unix socket; replaces a dead one, refuses (EADDRINUSE) when somebody listens. Mode 0660,
  // group by name when not empty and known; removed when destroyed.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> local(EventLoop& loop, const std::string& path,
                                                               const std::string& group, OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wfdcast::platform
