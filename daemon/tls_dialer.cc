#include "daemon/tls_dialer.h"

namespace wfdcast::daemon {

using platform::TlsConnection;

TlsDialer::TlsDialer(platform::EventLoop& loop, const platform::TlsContext& context, Target target,
                     Duration timeout, OnDone on_done)
    : loop_(loop),
      context_(context),
      target_(std::move(target)),
      timeout_(timeout),
      on_done_(std::move(on_done)),
      connector_(loop, target_.endpoint, target_.device, timeout,
                 [this](Result<platform::Fd> fd) { connected(std::move(fd)); }) {}

void TlsDialer::connected(Result<platform::Fd> fd) {
  if (!fd) return on_done_(fail(fd.error().message()));
  (void)platform::prepare_tcp(fd->get(), target_.dead_after);
  TlsConnection::Options options{
      .role = TlsConnection::Role::Client,
      .protocols = {target_.protocol},
      .accepts = [this](std::string_view, const TlsConnection::Key& key) { return key == target_.key.bytes; },
      .on_secured = [this] { on_done_(std::move(tls_)); },
      .handshake_timeout = timeout_};
  tls_ = std::make_unique<TlsConnection>(
      loop_, std::move(*fd), context_, std::move(options),
      platform::Connection::Callbacks{
          .on_bytes = [](std::string_view) {},
          .on_closed = [this](std::string reason) { on_done_(fail(std::move(reason))); }});
}

}  // namespace wfdcast::daemon
