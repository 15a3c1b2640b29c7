#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/endpoint.h"
#include "base/time.h"

namespace wfdcast::platform {

// A connected byte stream, in clear (StreamConnection) or in TLS (TlsConnection). No callback comes from
// inside write() or finish().
class Connection {
 public:
  struct Callbacks {
    std::function<void(std::string_view bytes)> on_bytes;
    std::function<void(std::string reason)> on_closed;  // once; the peer closed, or an error
    std::function<void()> on_flushed = {};              // after write(): everything is with the kernel
  };
  Connection() = default;
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Who hears of it from now on.
  virtual void set_callbacks(Callbacks callbacks) = 0;
  virtual void write(std::string_view bytes) = 0;
  // No more on_bytes. When all is written it shuts down its sending side and waits for the peer to close, so
  // that input that is still coming does not reset what the peer has yet to read; on_closed at the latest
  // after `grace`.
  virtual void finish(Duration grace) = 0;
  // Bytes that the peer's host has not acknowledged (SIOCOUTQ) or that wait here.
  [[nodiscard]] virtual std::size_t unsent() const = 0;
  [[nodiscard]] virtual Endpoint peer() const = 0;   // TCP only
  [[nodiscard]] virtual Endpoint local() const = 0;  // TCP only
};

}  // namespace wfdcast::platform
