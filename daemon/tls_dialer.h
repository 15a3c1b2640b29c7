#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "platform/tls_connection.h"
#include "wfd/ids.h"

namespace wfdcast::daemon {

// Connects by TCP and then TLS to a peer whose key we know: anybody else is refused in the handshake.
class TlsDialer {
 public:
  struct Target {
    Endpoint endpoint;
    std::string device;  // the interface to leave by
    std::string protocol;
    PublicKey key;
    Duration dead_after = 30s;  // prepare_tcp()
  };
  // Called once, never from the constructor.
  using OnDone = std::function<void(Result<std::unique_ptr<platform::TlsConnection>, std::string>)>;
  TlsDialer(platform::EventLoop& loop, const platform::TlsContext& context, Target target, Duration timeout,
            OnDone on_done);

 private:
  void connected(Result<platform::Fd> fd);

  platform::EventLoop& loop_;
  const platform::TlsContext& context_;
  Target target_;
  Duration timeout_;
  OnDone on_done_;
  std::unique_ptr<platform::TlsConnection> tls_;
  platform::Connector connector_;
};

}  // namespace wfdcast::daemon
