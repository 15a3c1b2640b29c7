#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/endpoint.h"
#include "base/result.h"
#include "platform/event_loop.h"
#include "platform/fd.h"

namespace wfdcast::platform {

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
  [[nodiscard]] static Result<std::unique_ptr<Listener>> tcp(EventLoop& loop, std::uint16_t port,
                                                             const std::string& device, OnAccept on_accept);
  // A Unix socket; replaces a dead one, refuses (EADDRINUSE) when somebody listens. Mode 0660,
  // group by name when not empty and known; removed when destroyed.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> local(EventLoop& loop, const std::string& path,
                                                               const std::string& group, OnAccept on_accept);
  // A socket that listens already; its file, if it has one, stays.
  [[nodiscard]] static std::unique_ptr<Listener> adopt(EventLoop& loop, Fd fd, OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // TCP: what prepare_tcp() does, for every connection from now on; it inherits the options without a system
  // call.
  [[nodiscard]] Result<void> prepare(Duration dead_after);

 private:
  // The socket file, as long as it is ours and not a successor's.
  struct SocketFile {
    std::string path;
    std::uint64_t device = 0, inode = 0;
  };
  Listener(EventLoop& loop, Fd fd, OnAccept on_accept);
  [[nodiscard]] static Result<SocketFile> bind_file(int fd, const std::string& path,
                                                    const std::string& group);
  void accept_some();
  void back_off();

  EventLoop& loop_;
  Fd fd_;
  OnAccept on_accept_;
  std::uint16_t port_;
  SocketFile file_;
  Watch readable_;
  Timer resume_;
};

}  // namespace wfdcast::platform
