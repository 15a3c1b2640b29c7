#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/config.h"
#include "daemon/method_table.h"
#include "daemon/trust.h"
#include "platform/child.h"
#include "platform/tls_connection.h"
#include "security/pairing.h"

namespace wfdcast::daemon {

// Pairing by hand at this end, for either role: the window that a person opened, the one try that is under
// way, its number, and what the person says to it. What both ends have confirmed goes into the trust store,
// pending.
class PairingDesk {
 public:
  struct Callbacks {
    using Publish = std::function<void(std::string_view event, const json& params)>;
    Publish publish;
    std::function<void(const security::TrustEntry& peer, const Endpoint& endpoint)> on_paired;
    std::function<void(const std::string& text)> show = {};  // to the person here; empty: no more
  };
  PairingDesk(platform::EventLoop& loop, const Config& config, Trust& trust, security::Pairing::Role role,
              Callbacks callbacks);

  // `call` is answered when the window closes: paired, or why not; with {"wait": false} at once.
  // `expected`: only this board may pair (source).
  void open(Call& call, Duration length, std::optional<DeviceId> expected);
  [[nodiscard]] bool is_open() const { return window_.is_open(loop_.now()); }
  // Whether a connection with this key is welcome now.
  [[nodiscard]] bool welcomes(const PublicKey& key) const;
  [[nodiscard]] bool busy() const { return connection_ != nullptr; }
  // A TLS connection under kPairProtocol; `name`: what the peer calls itself.
  void attach(std::unique_ptr<platform::TlsConnection> connection, const PublicKey& peer, std::string name);
  // A try that did not even come to a connection.
  void try_failed(const std::string& reason);
  [[nodiscard]] Result<json, RpcError> confirm(const std::string& number);
  [[nodiscard]] Result<json, RpcError> refuse();
  [[nodiscard]] std::optional<Time> deadline() const { return window_.deadline(); }

 private:
  void carry_out(security::Pairing::Step step);
  void show(std::uint32_t number);
  void paired();
  void failed(const std::string& reason);
  void close(const std::string& why);
  void drop_connection();
  void expire();

  platform::EventLoop& loop_;
  const Config& config_;
  Trust& trust_;
  security::Pairing::Role role_;
  Callbacks callbacks_;
  security::PairingWindow window_;
  std::optional<DeviceId> expected_;
  std::optional<Call> waiting_;
  std::optional<security::Pairing> pairing_;
  PublicKey peer_;
  std::string name_;
  std::unique_ptr<platform::TlsConnection> connection_, closing_;
  std::unique_ptr<platform::Child> command_;  // security.pairing_command
  platform::Timer timer_;
};

}  // namespace wfdcast::daemon
