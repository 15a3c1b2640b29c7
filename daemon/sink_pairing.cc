#include "daemon/sink_pairing.h"

#include "base/text.h"
#include "daemon/access.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

constexpr Duration kConnectTimeout = 3s;
constexpr Duration kProveAgain = 500ms;
constexpr int kProofs = 20;
constexpr Duration kDefaultWindow = 120s;

}  // namespace

SinkPairing::SinkPairing(platform::EventLoop& loop, const Config& config, Trust& trust,
                         const platform::TlsContext& context, PairingDesk::Callbacks::Publish publish,
                         std::function<void(const std::string& text)> show)
    : loop_(loop),
      context_(context),
      trust_(trust),
      desk_(loop, config, trust, security::Pairing::Role::Sink,
            {.publish = std::move(publish),
             .on_paired =
                 [this](const security::TrustEntry&, const Endpoint&) {
                   proofs_left_ = kProofs;
                   prove_timer_.set(loop_.now());
                 },
             .show = std::move(show)}),
      prove_timer_(loop, [this] { prove(); }) {}

void SinkPairing::pair(Call& call) {
  const json& params = call.params;
  if (params.contains("confirm")) return call.reply(desk_.confirm(params["confirm"].get<std::string>()));
  if (params.value("refuse", false)) return call.reply(desk_.refuse());
  if (params.contains("peer"))
    return call.reply(
        fail(RpcError{RpcError::kFailed, "pair: a sink opens a window (--open); a source names it"}));
  const auto seconds = params.value("open", static_cast<double>(kDefaultWindow / 1s));
  if (seconds < 1 || seconds > 3600)
    return call.reply(fail(RpcError{RpcError::kFailed, "pair: open must be 1 to 3600 seconds"}));
  desk_.open(call, std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)), std::nullopt);
}

void SinkPairing::invited(const discovery::Invitation& invitation, const Endpoint& rtsp,
                          const std::string& interface) {
  if (dialer_ || !invitation.key || !desk_.welcomes(*invitation.key)) return;
  log(Severity::Notice, "pairing: {} at {} wants to", printable(invitation.name), to_string(rtsp));
  connect_to(invitation, {rtsp, interface, std::string(kPairProtocol), *invitation.key});
}

void SinkPairing::connect_to(const discovery::Invitation& invitation, const TlsDialer::Target& target) {
  target_ = target;
  dialer_ = std::make_unique<TlsDialer>(
      loop_, context_, target, kConnectTimeout,
      [this, name = printable(invitation.name)](
          Result<std::unique_ptr<platform::TlsConnection>, std::string> connection) {
        drop_dialer();
        if (!connection) return desk_.try_failed("cannot connect: " + connection.error());
        if (!desk_.welcomes(
                target_.key))  // the window has closed meanwhile; not from inside its own callback
          return loop_.post([gone = std::shared_ptr<platform::TlsConnection>(std::move(*connection))] {});
        desk_.attach(std::move(*connection), target_.key, name);
      });
}

// Both ends have the entry, pending; the source takes it for trusted when our certificate is verified, and we
// when its answer shows that it was.
void SinkPairing::prove() {
  const security::TrustEntry* const entry = trust_.store().find(target_.key);
  if (!entry || entry->trusted() || proofs_left_-- == 0) return prove_timer_.set(std::nullopt);
  prove_timer_.set(loop_.now() + kProveAgain);
  if (dialer_) return;
  TlsDialer::Target target = target_;
  target.protocol = std::string(kProveProtocol);
  dialer_ = std::make_unique<TlsDialer>(
      loop_, context_, target, kConnectTimeout,
      [this](Result<std::unique_ptr<platform::TlsConnection>, std::string> connection) {
        drop_dialer();
        if (!connection) return;
        loop_.post([last = std::shared_ptr<platform::TlsConnection>(std::move(proof_))] {});
        proof_ = std::move(*connection);
        proof_->set_callbacks({.on_bytes = [this](std::string_view) { trust_.promote(target_.key); },
                               .on_closed = [](const std::string&) {}});
      });
}

void SinkPairing::drop_dialer() {
  loop_.post([last = std::shared_ptr<TlsDialer>(std::move(dialer_))] {});
}

}  // namespace wfdcast::daemon
