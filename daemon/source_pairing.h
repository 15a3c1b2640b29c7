#pragma once

#include "daemon/handshakes.h"
#include "daemon/pairing_desk.h"
#include "discovery/peer_registry.h"

namespace wfdcast::daemon {

// Pairing at a source: invites the one sink that a person named, again and again while `wfdctl pair` waits,
// and takes a connection from that sink only: the id that was named is the hash of the key that it must
// prove.
class SourcePairing {
 public:
  using Invite =
      std::function<void(const DeviceId& sink)>;  // sends one pairing invitation, if it is in reach
  SourcePairing(platform::EventLoop& loop, const Config& config, Trust& trust,
                PairingDesk::Callbacks::Publish publish, Invite invite);

  [[nodiscard]] bool welcomes(const PublicKey& key) const { return desk_.welcomes(key); }
  void begin(Call& call, const DeviceId& sink, std::string name);
  void attach(Handshakes::Secured secured) {
    desk_.attach(std::move(secured.connection), secured.key, name_);
  }
  // {"confirm": ...} or {"refuse": true}; nullopt: the call is neither.
  [[nodiscard]] std::optional<Result<json, RpcError>> answer(const json& params);

 private:
  void invite();

  platform::EventLoop& loop_;
  Invite invite_;
  PairingDesk desk_;
  DeviceId sink_;
  std::string name_;
  platform::Timer timer_;
};

}  // namespace wfdcast::daemon
