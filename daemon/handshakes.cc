#include "daemon/handshakes.h"

#include <algorithm>

#include "daemon/access.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using platform::TlsConnection;

namespace {

constexpr Duration kProveGrace = 1s;

}  // namespace

Handshakes::Handshakes(platform::EventLoop& loop, const Config& config, const platform::TlsContext& context,
                       Callbacks callbacks)
    : loop_(loop),
      config_(config),
      context_(context),
      callbacks_(std::move(callbacks)),
      begun_({.in_all = static_cast<double>(config.security.max_handshakes),
              .of_address = std::max(1.0, config.security.max_handshakes / 4.0)}) {}

void Handshakes::begin(platform::Listener::Accepted accepted, int interface_index) {
  if (!begun_.take(accepted.peer.address, loop_.now())) {
    ++counters_.held;
    return;
  }
  make_room_for(accepted.peer.address);
  const Number number = next_++;
  Pending& pending = pending_[number];
  pending.address = accepted.peer.address;
  pending.interface_index = interface_index;
  TlsConnection::Options options{
      .role = TlsConnection::Role::Server,
      .protocols = {std::string(kRtspProtocol), std::string(kPairProtocol), std::string(kProveProtocol)},
      .accepts = [this](std::string_view protocol,
                        const TlsConnection::Key& key) { return callbacks_.accepts(protocol, {key}); },
      .on_secured = [this, number] { secured(number); },
      .handshake_timeout = config_.rtsp.handshake_timeout};
  pending.connection = std::make_unique<TlsConnection>(
      loop_, std::move(accepted.fd), context_, std::move(options),
      platform::Connection::Callbacks{.on_bytes = [](std::string_view) {},
                                      .on_closed =
                                          [this, number, peer = accepted.peer](const std::string& reason) {
                                            if (pending_.at(number).open) {
                                              ++counters_.failed;
                                              log(Severity::Debug, "rtsp: {}: {}", to_string(peer), reason);
                                            }
                                            drop(number);
                                          }});
}

void Handshakes::make_room_for(Ipv4Address address) {
  const auto from_there = [&](const auto& entry) {
    return entry.second.open && entry.second.address == address;
  };
  const auto open = [](const auto& entry) { return entry.second.open; };
  auto victim = pending_.end();
  if (std::ranges::count_if(pending_, from_there) >= config_.rtsp.max_half_open_per_address) {
    victim = std::ranges::find_if(pending_, from_there);
  } else if (std::ranges::count_if(pending_, open) >= config_.rtsp.max_half_open) {
    victim = std::ranges::find_if(pending_, open);
  }
  if (victim == pending_.end()) return;
  ++counters_.evicted;
  drop(victim->first);
}

// Not from inside the connection's own callback.
void Handshakes::drop(Number number) {
  const auto found = pending_.find(number);
  if (found == pending_.end()) return;
  loop_.post([gone = std::shared_ptr<TlsConnection>(std::move(found->second.connection))] {});
  pending_.erase(found);
}

void Handshakes::secured(Number number) {
  Pending& pending = pending_.at(number);
  const PublicKey key{pending.connection->peer_key()};
  // Asked when it showed its certificate, and again now: it may have held the end of its handshake back until
  // it was unpaired, or until the window for pairing had closed.
  if (!callbacks_.accepts(pending.connection->protocol(), key)) {
    ++counters_.failed;
    return drop(number);
  }
  if (pending.connection->protocol() == kProveProtocol) {
    pending.open = false;
    callbacks_.on_proven(key);
    pending.connection->write("ok\n");
    pending.connection->finish(kProveGrace);
    return;
  }
  Secured secured{std::move(pending.connection), key, pending.interface_index};
  pending_.erase(number);
  callbacks_.on_secured(std::move(secured));
}

}  // namespace wfdcast::daemon
