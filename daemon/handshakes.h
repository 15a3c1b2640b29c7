#pragma once

#include <functional>
#include <map>
#include <memory>

#include "daemon/config.h"
#include "discovery/check_budget.h"
#include "platform/tls_connection.h"
#include "wfd/ids.h"

namespace wfdcast::daemon {

// TLS connections that came in and have not shaken hands yet. Each holds its place for
// rtsp.handshake_timeout at most; a newcomer takes that of the oldest, of its own address first. Of the
// handshakes a second a quarter is for one address, and a half for addresses at which boards are that we
// trust.
class Handshakes {
 public:
  struct Secured {
    std::unique_ptr<platform::TlsConnection> connection;
    PublicKey key;
    int interface_index = 0;
  };
  struct Callbacks {
    std::function<bool(std::string_view protocol, const PublicKey& key)> accepts;
    std::function<void(const PublicKey& key)> on_proven;  // kProveProtocol; answered and closed here
    std::function<void(Secured secured)> on_secured;      // the other protocols
  };
  struct Counters {
    std::uint64_t held = 0;     // more than security.max_handshakes
    std::uint64_t evicted = 0;  // gave way to newcomers
    std::uint64_t failed = 0;   // not TLS, no key that counts, or too slow
  };
  Handshakes(platform::EventLoop& loop, const Config& config, const platform::TlsContext& context,
             Callbacks callbacks);

  void begin(platform::Listener::Accepted accepted, int interface_index);
  // A board that we trust is there.
  void expect(const DeviceId& board, Ipv4Address address) { begun_.proved(board, address, loop_.now()); }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  using Number = std::uint64_t;
  struct Pending {
    Ipv4Address address;
    int interface_index = 0;
    bool open = true;  // counts against the limits
    std::unique_ptr<platform::TlsConnection> connection;
  };
  void make_room_for(Ipv4Address address);
  void secured(Number number);
  void drop(Number number);

  platform::EventLoop& loop_;
  const Config& config_;
  const platform::TlsContext& context_;
  Callbacks callbacks_;
  discovery::CheckBudget begun_;
  Number next_ = 0;
  std::map<Number, Pending> pending_;  // oldest first
  Counters counters_;
};

}  // namespace wfdcast::daemon
