#pragma once

#include "daemon/pairing_desk.h"
#include "daemon/tls_dialer.h"
#include "discovery/announcement.h"

namespace wfdcast::daemon {

// Pairing at a sink: while its window is open it connects to the source that sends it a pairing invitation;
// what was confirmed it proves by a second, mutual handshake, and tries that again until it is done.
class SinkPairing {
 public:
  SinkPairing(platform::EventLoop& loop, const Config& config, Trust& trust,
              const platform::TlsContext& context, PairingDesk::Callbacks::Publish publish,
              std::function<void(const std::string& text)> show);

  [[nodiscard]] bool is_open() const { return desk_.is_open(); }
  void invited(const discovery::Invitation& invitation, const Endpoint& rtsp, const std::string& interface);
  void pair(Call& call);  // the control method

 private:
  void connect_to(const discovery::Invitation& invitation, const TlsDialer::Target& target);
  void prove();
  void drop_dialer();

  platform::EventLoop& loop_;
  const platform::TlsContext& context_;
  Trust& trust_;
  PairingDesk desk_;
  std::unique_ptr<TlsDialer> dialer_;
  std::unique_ptr<platform::TlsConnection> proof_;
  TlsDialer::Target target_;  // of the last pairing
  int proofs_left_ = 0;
  platform::Timer prove_timer_;
};

}  // namespace wfdcast::daemon
