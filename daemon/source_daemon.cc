#include "daemon/source_daemon.h"

#include <algorithm>
#include <array>

#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/access.h"
#include "daemon/session_log.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

// Beacons are read later than the bytes of a session: one from the end of the
// last session may come when the next one has begun.
constexpr Duration kBeaconLag = 1s;

InvitationToken random_token() {
  InvitationToken token;
  platform::fill_random(token.bytes);
  return token;
}

}  // namespace

SourceDaemon::SourceDaemon(Environment& environment)
    : environment_(environment),
      loop_(environment.loop),
      config_(environment.config),
      started_(loop_.now()),
      interfaces_(loop_, config_.interface, [this] { interfaces_changed(); }),
      inviter_(random_token, [this](const discovery::Peer& peer) { return invitable(peer); }),
      quirks_(QuirkTable::load(config_.rtsp.quirks)),
      stream_(loop_, config_, interfaces_, environment.media, chosen_group(), stream_callbacks()),
      change_timer_(loop_, [this] { change_encoder(); }),
      invite_timer_(loop_, [this] { send_invitations(); }),
      waiter_timer_(loop_, [this] { expire_waiters(); }),
      look_timer_(loop_, [this] { look_at_deliveries(); }),
      shut_down_timer_(loop_, [this] { shut_down_done_(); }),
      finder_(loop_, interfaces_,
              {.id = environment.id(),
               .port = config_.discovery.port,
               .registry = {.max_peers = static_cast<std::size_t>(config_.discovery.max_peers),
                            .ttl = config_.discovery.ttl,
                            .sink_port = static_cast<std::uint16_t>(config_.discovery.port + 1)},
               .trust = environment.tls ? &environment.trust : nullptr},
              [this](const discovery::PeerEvent& event) { on_peer_event(event); }),
      listeners_(
          loop_, interfaces_, config_.rtsp.port, config_.rtsp.timeout,
          [this](platform::Listener::Accepted accepted, int index) { accept(std::move(accepted), index); }),
      p2p_(environment, interfaces_, [this](const discovery::LinkEvent& event) { on_link_event(event); }),
      tuning_(config_.wifi),
      querier_(loop_, config_.stream),
      watch_(loop_, interfaces_, [this](Ipv4Address sender) { group_is_shared(sender); }),
      input_(environment, interfaces_, input_callbacks()) {
  querier_.interfaces_changed(interfaces_.usable());
  if (!config_.stream.ssm) watch_.watch(stream_.group().group());
  if (config_.stream.announce) {
    announcer_.emplace(loop_, interfaces_, config_.stream.ttl, [this] {
      const bool runs = stream_.group().playing_on_group() > 0;
      return runs ? std::optional(description()) : std::nullopt;
    });
  }
  if (!environment.tls) return;
  handshakes_.emplace(
      loop_, config_, *environment.tls,
      Handshakes::Callbacks{
          .accepts = [this](std::string_view protocol,
                            const PublicKey& key) { return welcomes(protocol, key); },
          .on_proven = [this](const PublicKey& key) { environment_.trust.promote(key); },
          .on_secured = [this](Handshakes::Secured connection) { secured(std::move(connection)); }});
  pairing_.emplace(
      loop_, config_, environment.trust,
      [this](std::string_view event, const json& params) {
        environment_.publish(event, [&] { return params; });
      },
      [this](const DeviceId& sink) {
        const discovery::Peer* const peer = finder_.registry().find(sink);
        if (peer) send_invitation(*peer, random_token(), discovery::Purpose::Pairing);
      });
}

SourceStream::Callbacks SourceDaemon::stream_callbacks() {
  return {.on_rtcp = [this](SessionId id, const stream::RtcpPacket& packet) { on_rtcp(id, packet); },
          .on_move = [this](const stream::Move& move) { on_move(move); },
          .on_key =
              [this](SessionId id, const GroupKey& key) {
                sinks_.at(id).driver->apply(&rtsp::SourceSession::give_key, key);
              },
          .on_trouble = [](const std::string& line) { log(Severity::Warning, "stream: {}", line); }};
}

void SourceDaemon::interfaces_changed() {
  for (const std::string& problem : interfaces_.problems()) log(Severity::Warning, "interface {}", problem);
  listeners_.interfaces_changed();
  stream_.interfaces_changed();
  querier_.interfaces_changed(interfaces_.usable());
  watch_.interfaces_changed();
  input_.interfaces_changed();
  finder_.probe_all();
  // A connection that came through an interface's old index or address is dead.
  for (auto& [id, sink] : sinks_) {
    if (sink.own) sink.own->stream.interfaces_changed();
    const UsableInterface* now = interfaces_.by_name(sink.interface);
    if (now && (now->index != sink.interface_index || now->address != sink.local)) {
      sink.driver->apply(&rtsp::SourceSession::connection_lost);
    }
  }
}

void SourceDaemon::on_link_event(const discovery::LinkEvent& event) {
  std::visit(overloaded{
                 [&](const discovery::ConnectFailed& e) {
                   settle(to_string(e.device), p2p_.device().name_of(e.device), e.reason);
                 },
                 [&](const discovery::MemberJoined& e) {
                   waiters_.progress(to_string(e.member.device), p2p_.device().name_of(e.member.device),
                                     "linked");
                 },
                 [&](const discovery::MemberLeft& e) {
                   for (auto& [id, sink] : sinks_) {
                     if (sink.p2p == e.member.device)
                       sink.driver->apply(&rtsp::SourceSession::connection_lost);
                   }
                 },
                 [&](const discovery::LinkDown& e) {
                   tuning_.forget(e.interface);
                   // Its address will never come back: do not wait for the keep-alive.
                   for (auto& [id, sink] : sinks_) {
                     if (sink.interface == e.interface)
                       sink.driver->apply(&rtsp::SourceSession::connection_lost);
                   }
                 },
                 [](const auto&) {},
             },
             event);
}

void SourceDaemon::on_peer_event(const discovery::PeerEvent& event) {
  std::visit(overloaded{
                 [&](const discovery::PeerAppeared& e) {
                   log_appearance(e.peer);
                   environment_.publish("peer_appeared", [&] {
                     return json{{"id", to_string(e.peer.id)},
                                 {"name", e.peer.name},
                                 {"address", to_string(e.peer.endpoint.address)}};
                   });
                   peer_changed(e.peer);
                 },
                 [&](const discovery::PeerChanged& e) {
                   log(Severity::Debug, "peer {}: {} at {}", e.peer.name, discovery::to_string(e.peer.state),
                       to_string(e.peer.endpoint.address));
                   environment_.publish("peer_changed", [&] {
                     return json{{"id", to_string(e.peer.id)},
                                 {"name", e.peer.name},
                                 {"address", to_string(e.peer.endpoint.address)},
                                 {"state", discovery::to_string(e.peer.state)}};
                   });
                   peer_changed(e.peer);
                 },
                 [](const discovery::PeerRefreshed&) {},
                 [&](const discovery::PeerLost& e) {
                   const bool shown = shown_peers_.erase(e.id) > 0;
                   log(shown ? Severity::Info : Severity::Debug, "peer {}: lost", to_string(e.id));
                   environment_.publish("peer_lost", [&] { return json{{"id", to_string(e.id)}}; });
                 },
             },
             event);
}

void SourceDaemon::log_appearance(const discovery::Peer& peer) {
  const auto end_of_line = peer_lines_.take(peer.endpoint.address, loop_.now());
  if (end_of_line) shown_peers_.insert(peer.id);
  const std::string id = to_string(peer.id);
  const Severity severity = end_of_line ? Severity::Info : Severity::Debug;
  if (!platform::log_enabled(severity)) return;
  platform::log_line(severity,
                     fmt::format("peer {} ({}): appeared at {}{}", peer.name, id,
                                 to_string(peer.endpoint.address), end_of_line.value_or("")),
                     {.peer = id, .name = peer.name, .session = {}});
}

void SourceDaemon::peer_changed(const discovery::Peer& peer) {
  if (handshakes_ && paired(peer)) handshakes_->expect(peer.id, peer.endpoint.address);
  // A sink that moved, or says that it is free, has lost its connection: ours is dead too. Of one that has a
  // key others may say so while it is out of reach.
  Sink* sink = find_sink(peer.id);
  if (sink && sink->key && peer.identity == discovery::Peer::Identity::Claimed) sink = nullptr;
  const bool moved = sink && sink->address.address != peer.endpoint.address;
  const bool freed =
      sink && peer.state == discovery::SinkState::Available && loop_.now() - sink->since >= kBeaconLag;
  if (moved || freed) {
    log_session(*sink, Severity::Notice, "the sink is {} at {} now", discovery::to_string(peer.state),
                to_string(peer.endpoint.address));
    sink->driver->apply(&rtsp::SourceSession::connection_lost);
  }
  if (sink && sink->key && peer.identity == discovery::Peer::Identity::Cloned) {
    log_session(*sink, Severity::Error, "cloned identity: two boards have its key");
    inviter_.forget(peer.id);
    sink->driver->apply(&rtsp::SourceSession::connection_lost);
  }
  const UsableInterface* const interface = interfaces_.by_index(peer.interface_index);
  const bool by_trust = interface && access(interface->name) == Access::Trusted;
  // A member of our group is there because a person connected it, or let it in.
  const bool linked = interface && p2p_.member_at(peer.endpoint.address, interface->name);
  const bool welcome = by_trust ? config_.source.connect != ConnectPolicy::None && paired(peer)
                                : config_.source.connect == ConnectPolicy::All || linked;
  const bool by_policy = welcome && !dismissed_.contains(peer.id);
  if (by_policy && !inviter_.wanted(peer.id)) inviter_.want(peer.id, loop_.now());
  inviter_.peer_changed(peer.id, loop_.now());
  invite_timer_.set(inviter_.next_deadline());
}

void SourceDaemon::send_invitations() {
  for (const auto& [peer, token] : inviter_.tick(finder_.registry(), loop_.now())) {
    waiters_.progress(to_string(peer.id), peer.name, "inviting");
    send_invitation(peer, token, discovery::Purpose::Session);
  }
  invite_timer_.set(inviter_.next_deadline());
}

void SourceDaemon::send_invitation(const discovery::Peer& peer, const InvitationToken& token,
                                   discovery::Purpose purpose) {
  discovery::Invitation invitation{.source = environment_.id(),
                                   .sink = peer.id,
                                   .name = config_.name,
                                   .information = {.role = Role::Source, .control_port = config_.rtsp.port},
                                   .token = token,
                                   .boot_id = peer.boot_id,
                                   .sequence = peer.sequence,
                                   .purpose = purpose};
  if (environment_.tls) {
    invitation.key = environment_.trust.identity().public_key();
    invitation.cookie = peer.invitation_cookie;
  }
  finder_.send(invitation, peer.endpoint, peer.interface_index);
}

// Plain WFD where it is open, and in a Wi-Fi Direct group that our supplicant reported: WPA2 protects that
// link.
Access SourceDaemon::access(const std::string& interface) const {
  const auto& group = p2p_.device().group();
  return group && group->interface == interface ? Access::Plain : access_on(config_, interface);
}

bool SourceDaemon::paired(const discovery::Peer& peer) const {
  const security::TrustEntry* const entry = environment_.trust.store().find(peer.id);
  return peer.identity == discovery::Peer::Identity::Proven && entry && entry->rights.watch;
}

void SourceDaemon::trust_changed() {
  bool somebody_lost_it = false;
  for (auto& [id, sink] : sinks_) {
    if (!sink.key || may_watch(*sink.key)) continue;
    log_session(sink, Severity::Notice, "its right to watch is gone");
    if (sink.device) inviter_.forget(*sink.device);
    sink.driver->apply(&rtsp::SourceSession::connection_lost);
    somebody_lost_it = true;
  }
  if (somebody_lost_it) stream_.change_key();
  input_.trust_changed();
  if (environment_.tls) finder_.trust_changed();
  for (const discovery::Peer* peer : finder_.registry().peers()) peer_changed(*peer);
}

SourceDaemon::Sink* SourceDaemon::find_sink(const DeviceId& device) {
  const auto found = latest_.find(device);
  return found == latest_.end() ? nullptr : &sinks_.at(found->second);
}

SourceDaemon::Sink* SourceDaemon::find_sink(Ipv4Address address) {
  const auto found = std::find_if(sinks_.begin(), sinks_.end(),
                                  [&](const auto& entry) { return entry.second.address.address == address; });
  return found == sinks_.end() ? nullptr : &found->second;
}

void SourceDaemon::setting_changed(std::string_view key) {
  if (key == "rtsp.timeout") listeners_.dead_after_changed();
  if (key == "wifi.multicast_to_unicast") tune_wireless();
  if (key == "source.bitrate" || key == "source.min_bitrate") {
    stream_.limits_changed();
    for (auto& [id, sink] : sinks_) {
      if (sink.own) {
        sink.own->config.source = config_.source;
        sink.own->stream.limits_changed();
      }
    }
  }
  if (key == "source.connect" && config_.source.connect == ConnectPolicy::All) {
    for (const discovery::Peer* peer : finder_.registry().peers()) peer_changed(*peer);
  }
}

void SourceDaemon::shut_down(std::function<void()> done) {
  shut_down_done_ = [this, done = std::move(done)] { p2p_.shut_down(done); };
  invite_timer_.set(std::nullopt);
  stream_.say_goodbye();
  for (auto& [id, sink] : sinks_) {
    if (sink.own) sink.own->stream.say_goodbye();
  }
  shut_down_timer_.set(sinks_.empty() ? loop_.now() : loop_.now() + 1500ms);
  std::vector<SessionId> ids;
  for (const auto& [id, sink] : sinks_) ids.push_back(id);
  for (const SessionId id : ids) sinks_.at(id).driver->apply(&rtsp::SourceSession::end);
}

std::string SourceDaemon::summary() const {
  const auto playing = std::count_if(sinks_.begin(), sinks_.end(), [](const auto& entry) {
    return entry.second.driver->session().state() == rtsp::SourceSession::State::Playing;
  });
  return fmt::format("source \"{}\": {} sinks in reach, {} playing", config_.name,
                     finder_.registry().peers().size(), playing);
}

}  // namespace wfdcast::daemon
