// Who gets a session at the source (docs/security.md).
#include <algorithm>
#include <array>

#include "base/text.h"
#include "daemon/access.h"
#include "daemon/session_log.h"
#include "daemon/source_daemon.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

// RTSP session ids: 10 hex digits suit every sink (reference 1.6).
std::string random_session_key() {
  std::array<std::uint8_t, 5> bytes;
  platform::fill_random(bytes);
  return to_hex(bytes);
}

}  // namespace

// Anyone with connect = "all"; else an invited address with its token, and a
// plain sink only after `connect ADDRESS`, or as a member of a Wi-Fi Direct group, whose link is protected.
rtsp::Admission SourceDaemon::admission_for(Ipv4Address address, const std::string& interface) const {
  const Time now = loop_.now();
  const auto plain = plain_wishes_.find(address);
  return {.tokens = inviter_.tokens_for(address, now),
          .plain_sink = (plain != plain_wishes_.end() && now < plain->second.expires) ||
                        p2p_.member_at(address, interface).has_value(),
          .anyone = config_.source.connect == ConnectPolicy::All};
}

// A newcomer takes the place of the oldest half-open connection: whoever means
// it answers M1 at once, so a host that only opens connections keeps nobody out.
void SourceDaemon::make_room_for(Ipv4Address address) {
  std::erase_if(half_open_, [&](SessionId id) {
    const auto sink = sinks_.find(id);
    return sink == sinks_.end() ||
           sink->second.driver->session().state() != rtsp::SourceSession::State::Greeting;
  });
  const auto from_there = [&](SessionId id) { return sinks_.at(id).address.address == address; };
  std::optional<SessionId> victim;
  if (std::count_if(half_open_.begin(), half_open_.end(), from_there) >=
      config_.rtsp.max_half_open_per_address) {
    victim = *std::find_if(half_open_.begin(), half_open_.end(), from_there);
  } else if (half_open_.size() >= static_cast<std::size_t>(config_.rtsp.max_half_open)) {
    victim = half_open_.front();
  }
  if (!victim) return;
  const Sink& given_up = sinks_.at(*victim);
  log_session(given_up, Severity::Debug, "too many half-open connections");
  given_up.driver->apply(&rtsp::SourceSession::connection_lost);
}

void SourceDaemon::accept(platform::Listener::Accepted accepted, int interface_index) {
  const auto refuse = [&](std::string_view why) {
    if (const auto end = refusal_lines_.take(accepted.peer.address, loop_.now()))
      log(Severity::Notice, "rtsp: {} may not connect: {}{}", to_string(accepted.peer), why, *end);
  };
  const UsableInterface* interface = interfaces_.by_index(interface_index);
  if (!interface || shut_down_done_) return;
  const bool plain = access(interface->name) == Access::Plain;
  rtsp::Admission admission = admission_for(accepted.peer.address, interface->name);
  if (plain && !admission.anyone && !admission.plain_sink && admission.tokens.empty())
    return refuse("not invited");
  if (sinks_.size() >= static_cast<std::size_t>(config_.rtsp.max_sessions))
    return refuse("rtsp.max_sessions reached");
  if (!plain) return handshakes_->begin(std::move(accepted), interface_index);
  make_room_for(accepted.peer.address);
  auto connection = std::make_unique<platform::StreamConnection>(loop_, std::move(accepted.fd),
                                                                 platform::Connection::Callbacks{});
  open_session(std::move(connection), *interface, std::move(admission), std::nullopt, std::nullopt);
}

bool SourceDaemon::may_watch(const PublicKey& key) const {
  const security::TrustEntry* const entry = environment_.trust.store().find(key);
  return entry && entry->rights.watch;
}

// Asked in the handshake. A pending entry may come so far, which makes it trusted.
bool SourceDaemon::welcomes(std::string_view protocol, const PublicKey& key) const {
  if (protocol == kPairProtocol) return pairing_->welcomes(key);
  if (protocol == kProveProtocol) return environment_.trust.store().find(key) != nullptr;
  const discovery::Peer* const peer = finder_.registry().find(security::device_id_of(key));
  return may_watch(key) && !(peer && peer->identity == discovery::Peer::Identity::Cloned);
}

// Everybody on a plain link; on others who has shown by a signature that it is one of ours.
bool SourceDaemon::invitable(const discovery::Peer& peer) const {
  const UsableInterface* const interface = interfaces_.by_index(peer.interface_index);
  return !interface || access(interface->name) == Access::Plain || paired(peer);
}

void SourceDaemon::secured(Handshakes::Secured secured) {
  const UsableInterface* interface = interfaces_.by_index(secured.interface_index);
  if (!interface || shut_down_done_)  // not from inside its own callback
    return loop_.post([gone = std::shared_ptr<platform::TlsConnection>(std::move(secured.connection))] {});
  if (secured.connection->protocol() == kPairProtocol) return pairing_->attach(std::move(secured));
  const PublicKey key = secured.key;
  environment_.trust.promote(key);
  rtsp::Admission admission{.tokens = inviter_.tokens_for(secured.connection->peer().address, loop_.now()),
                            .plain_sink = false,
                            .anyone = config_.source.connect != ConnectPolicy::None};
  const SessionKeys keys = session_keys(*secured.connection);
  make_room_for(secured.connection->peer().address);
  open_session(std::move(secured.connection), *interface, std::move(admission), key, keys);
}

void SourceDaemon::open_session(std::unique_ptr<platform::Connection> connection,
                                const UsableInterface& interface, rtsp::Admission admission,
                                std::optional<PublicKey> key, std::optional<SessionKeys> keys) {
  const SessionId id{++last_session_};
  Sink& sink = sinks_[id];
  sink.id = id;
  sink.key = key;
  sink.keys = keys;
  sink.address = connection->peer();
  sink.p2p = p2p_.member_at(sink.address.address, interface.name);
  sink.name = sink.p2p ? p2p_.device().name_of(*sink.p2p) : to_string(sink.address.address);
  sink.interface = interface.name;
  sink.interface_index = interface.index;
  sink.local = interface.address;
  sink.since = loop_.now();
  const auto end_of_line = key ? std::string() : session_lines_.take(sink.address.address, loop_.now());
  sink.quiet = !end_of_line;
  rtsp::SourceOptions options{
      .session_key = random_session_key(),
      .presentation_url = "rtsp://" + to_string(interface.address) + "/wfd1.0/streamid=0",
      .admission = std::move(admission),
      .generation = beyond_r1(stream_.group().encoder()) ? rtsp::Generation::R2 : rtsp::Generation::R1,
      .input = input_.wanted_at_all() ? rtsp::InputInterest::Wanted : rtsp::InputInterest::None,
      .keepalive = config_.rtsp.keepalive,
      .timeout = config_.rtsp.timeout,
  };
  sink.driver =
      std::make_unique<Driver>(loop_, std::move(connection), std::move(options),
                               [this, id](const rtsp::SourceEvent& event) { on_session_event(id, event); });
  half_open_.push_back(id);
  const bool others = end_of_line && !end_of_line->empty();
  log_session(sink, others ? Severity::Info : Severity::Debug, "connected{}", end_of_line.value_or(""));
  sink.driver->start();
}

// Whether a sink may call itself `device`: it brought the token of the
// invitation to that device, or, where anyone may connect, nothing speaks
// against it. Else somebody could end a sink's session by using its id.
std::string SourceDaemon::reason_against(const Sink& sink, const rtsp::SinkGreeted& greeting) {
  const DeviceId& device = *greeting.wfdcast;
  const Ipv4Address address = sink.address.address;
  if (sink.key && device != security::device_id_of(*sink.key)) return "its id is not that of its key";
  if (greeting.token && inviter_.redeem(device, *greeting.token, address, loop_.now())) return {};
  if (sink.key && config_.source.connect != ConnectPolicy::None && !dismissed_.contains(device)) return {};
  if (sink.key) return "not invited, or disconnected by hand";
  if (config_.source.connect != ConnectPolicy::All)
    return "the token was used, has expired, or is another sink's";
  const auto* peer = finder_.registry().find(device);
  const Sink* other = find_sink(device);
  const bool taken =
      (peer && peer->endpoint.address != address) || (other && other->address.address != address);
  return taken ? "it calls itself " + to_string(device) + ", which is at another address" : std::string();
}

void SourceDaemon::greeted(Sink& sink, const rtsp::SinkGreeted& greeting) {
  plain_wishes_.erase(sink.address.address);
  if (sink.key && !greeting.wfdcast)
    return sink.driver->apply(&rtsp::SourceSession::refuse, "not a wfdcast sink");
  if (greeting.wfdcast) {
    if (const std::string why = reason_against(sink, greeting); !why.empty()) {
      log_session(sink, Severity::Notice, "refused: {}", why);
      return sink.driver->apply(&rtsp::SourceSession::refuse, why);
    }
    // One session for each sink: a new one means that the old connection is dead.
    Sink* const other = find_sink(*greeting.wfdcast);
    sink.device = greeting.wfdcast;
    latest_[*sink.device] = sink.id;
    if (other) other->driver->apply(&rtsp::SourceSession::connection_lost);
    inviter_.session_opened(*sink.device);
    const auto* const peer = finder_.registry().find(*sink.device);
    const bool its_own_words = peer && (!sink.key || peer->identity != discovery::Peer::Identity::Claimed);
    if (its_own_words) sink.name = peer->name;
  }
  sink.agent = greeting.agent;
  apply_quirks(sink);
  log_session(sink, Severity::Info, "{} at {}", sink.device ? "wfdcast sink" : "plain WFD sink",
              to_string(sink.address));
  if (!waiters_.empty()) waiters_.progress(sink.peer(), sink.name, "negotiating");
}

}  // namespace wfdcast::daemon
