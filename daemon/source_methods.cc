// What a source answers on the control socket.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "daemon/access.h"
#include "daemon/rpc_values.h"
#include "daemon/source_daemon.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using rtsp::SourceSession;

namespace {

std::string_view session_state(SourceSession::State state) {
  using State = SourceSession::State;
  switch (state) {
    case State::Idle:
    case State::Greeting:
    case State::Querying:
    case State::Choosing:
    case State::Fixing:
    case State::SettingUp:
      return "negotiating";
    case State::Ready:
      return "ready";
    case State::Playing:
      return "playing";
    case State::Paused:
      return "paused";
    case State::Standby:
      return "standby";
    case State::Ending:
    case State::Ended:
      return "ending";
  }
  return "ending";
}

std::string_view delivery_of(const stream::MulticastGroup& group, SessionId id) {
  const auto path = group.path(id);
  if (!path) return "none";
  switch (*path) {
    case stream::Path::Unicast:
    case stream::Path::Joining:
      return "unicast";
    case stream::Path::Group:
    case stream::Path::Returning:
      return "multicast";
  }
  return "none";
}

RpcError failed(std::string message) { return {RpcError::kFailed, std::move(message)}; }

}  // namespace

void SourceDaemon::bind(MethodTable& methods) {
  methods.bind_answer("status", [this](const json&) { return status(); });
  methods.bind_answer("peers", [this](const json&) { return peers(); });
  methods.bind_answer("stats", [this](const json&) { return stats(); });
  methods.bind("connect", [this](Call& call) { connect(call); });
  methods.bind("pair", [this](Call& call) { pair(call); });
  methods.bind_answer("disconnect", [this](const json& params) { return disconnect(params); });
  methods.bind_answer("play", [this](const json& params) { return trigger(params, "play"); });
  methods.bind_answer("pause", [this](const json& params) { return trigger(params, "pause"); });
  methods.bind_answer("standby", [this](const json& params) { return trigger(params, "standby"); });
  methods.bind_answer("idr", [this](const json&) -> Result<json, RpcError> {
    if (!stream_.playing()) return fail(failed("idr: nothing plays"));
    stream_.request_idr();
    for (auto& [id, sink] : sinks_) {
      if (sink.own) sink.own->stream.request_idr();
    }
    return json{{"result", "asked"}};
  });
  p2p_.bind(methods);
}

json SourceDaemon::session_row(const Sink& sink) const {
  return {{"peer", key_of(sink)},
          {"name", sink.name},
          {"address", to_string(sink.address.address)},
          {"state", session_state(sink.driver->session().state())},
          {"delivery", delivery_of(stream_of(sink).group(), sink.id)},
          {"video", video_text(sink.format)},
          {"audio", audio_text(sink.format)},
          {"since_s", seconds_since(sink.since, loop_.now())},
          {"note", stream_of(sink).group().path_note(sink.id)},
          {"quirks", sink.quirks.names},
          {"connector", sink.driver->session().sink().connector},
          {"edid", sink.driver->session().sink().edid},
          {"own_encoder", sink.own != nullptr}};
}

json SourceDaemon::status() const {
  json sessions = json::array();
  std::vector<std::string_view> deliveries;
  bool paused = false;
  for (const auto& [id, sink] : sinks_) {
    sessions.push_back(session_row(sink));
    const auto state = sink.driver->session().state();
    if (state == SourceSession::State::Playing)
      deliveries.push_back(delivery_of(stream_of(sink).group(), id));
    paused = paused || state == SourceSession::State::Paused;
  }
  const bool mixed =
      std::any_of(deliveries.begin(), deliveries.end(), [&](auto d) { return d != deliveries.front(); });
  const std::string_view delivery = deliveries.empty() ? "none" : mixed ? "mixed" : deliveries.front();
  const auto& counters = stream_.counters();
  json status = common_status(environment_, interfaces_, started_, loop_.now());
  for (const std::string& problem : listeners_.problems()) status["warnings"].push_back(problem);
  status["wifi"] = p2p_.status();
  status["wifi"]["multicast_to_unicast"] = json::object();
  for (const UsableInterface& interface : interfaces_.usable()) {
    const std::string state = tuning_.multicast_to_unicast(interface.name);
    if (!state.empty()) status["wifi"]["multicast_to_unicast"][interface.name] = state;
  }
  status["stream"] = {
      {"state", !deliveries.empty() ? "playing"
                : paused            ? "paused"
                                    : "idle"},
      {"delivery", delivery},
      {"group", config_.stream.group},
      {"rtp_port", config_.stream.rtp_port},
      {"bitrate_bps", counters.bitrate},
      {"input", config_.source.input},
      {"packets_sent", counters.packets},
      {"bytes_sent", counters.bytes},
      {"packets_retransmitted", stream_.repair() ? stream_.repair()->counters().retransmitted : 0},
      {"parity_packets_sent", stream_.repair() ? stream_.repair()->counters().parity : 0},
      {"fec_packets_sent", counters.fec_packets},
      {"idr_requests", counters.idr_requests}};
  status["sessions"] = std::move(sessions);
  return status;
}

json SourceDaemon::peers() const {
  json rows = json::array();
  std::vector<DeviceId> ids;
  for (const discovery::Peer* peer : finder_.registry().peers()) {
    ids.push_back(peer->id);
    std::string state = discovery::to_string(peer->state);
    for (const auto& [id, sink] : sinks_) {
      if (sink.device != peer->id) continue;
      const auto session = session_state(sink.driver->session().state());
      state = session == "negotiating" || session == "ready" ? "connecting"
              : session == "ending"                          ? state
                                                             : session;
    }
    const UsableInterface* interface = interfaces_.by_index(peer->interface_index);
    rows.push_back({{"id", to_string(peer->id)},
                    {"name", peer->name},
                    {"role", "sink"},
                    {"address", to_string(peer->endpoint.address)},
                    {"interface", interface ? interface->name : ""},
                    {"via", p2p_.shows(peer->id) ? json{"beacon", "p2p"} : json{"beacon"}},
                    {"paired", paired(*peer)},
                    {"state", state},
                    {"last_seen_s", seconds_since(peer->last_seen, loop_.now())}});
  }
  for (json& row : p2p_.peer_rows(ids)) rows.push_back(std::move(row));
  return rows;
}

json SourceDaemon::stats() const {
  json rows = json::array();
  for (const auto& [id, sink] : sinks_) {
    if (sink.driver->session().state() == SourceSession::State::Playing) rows.push_back(stats_row(sink));
  }
  return rows;
}

// What the sink does not report is null.
json SourceDaemon::stats_row(const Sink& sink) const {
  const auto& [block, playout, round_trip, received, lost] = sink.figures;
  const auto* repair = stream_of(sink).repair();
  json row{{"peer", key_of(sink)},
           {"name", sink.name},
           {"bitrate_bps", stream_of(sink).counters().bitrate},
           {"loss_before", nullptr},
           {"loss_after", nullptr},
           {"recovered", nullptr},
           {"recovered_by", nullptr},
           {"retransmitted", repair ? repair->retransmitted(sink.id) : 0},
           {"jitter_ms", nullptr},
           {"round_trip_ms", nullptr},
           {"delay_ms", nullptr},
           {"buffer_ms", nullptr}};
  if (block) {
    row["loss_before"] = block->fraction_lost / 256.0;
    row["jitter_ms"] = block->jitter / 90.0;
  }
  if (round_trip) row["round_trip_ms"] = std::chrono::duration<double, std::milli>(*round_trip).count();
  if (playout) {
    row["loss_after"] = lost == 0 ? 0.0 : double(lost) / (double(received) + lost);
    row["recovered"] = playout->recovered;
    row["recovered_by"] = {{"retransmission", playout->by_retransmission},
                           {"parity", playout->by_parity},
                           {"fec", playout->by_fec}};
    row["delay_ms"] = playout->delay_ms;
    row["buffer_ms"] = playout->buffer_ms;
  }
  return row;
}

bool SourceDaemon::is_paired(const Target& target) const {
  const discovery::Peer* const peer = target.device ? finder_.registry().find(*target.device) : nullptr;
  return peer && paired(*peer);
}

std::string SourceDaemon::key_of(const Sink& sink) const {
  if (sink.device) return to_string(*sink.device);
  return sink.p2p ? to_string(*sink.p2p) : to_string(sink.address.address);
}

std::vector<SourceDaemon::Target> SourceDaemon::known_targets() const {
  std::vector<Target> targets;
  for (const discovery::Peer* peer : finder_.registry().peers()) {
    // Its group is gone, but its beacons' life is not over: the way to it is Wi-Fi Direct.
    if (p2p_.shows(peer->id) && !interfaces_.by_index(peer->interface_index)) continue;
    targets.push_back({to_string(peer->id), peer->name, peer->id, peer->endpoint.address});
  }
  for (const auto& [id, sink] : sinks_) {
    const auto same = [&, key = key_of(sink)](const Target& target) { return target.key == key; };
    if (std::none_of(targets.begin(), targets.end(), same)) {
      targets.push_back({key_of(sink), sink.name, sink.device, sink.address.address});
    }
  }
  for (const auto& [device, peer] : p2p_.device().peers()) {
    const bool sink = peer.seen.wfd && peer.seen.wfd->role != Role::Source;
    const bool has_row = std::any_of(targets.begin(), targets.end(), [&](const Target& target) {
      return (peer.board && *peer.board && target.device == *peer.board) || target.key == to_string(device);
    });
    if (sink && !has_row)
      targets.push_back({to_string(device), p2p_.device().name_of(device), std::nullopt, {}, device});
  }
  return targets;
}

// What the `peers` and `all` parameters of a method name.
Result<std::vector<SourceDaemon::Target>, RpcError> SourceDaemon::targets(const json& params,
                                                                          std::string_view method) const {
  const std::vector<Target> known = known_targets();
  if (params.value("all", false)) {
    if (known.empty()) return fail(failed(fmt::format("{}: no peer is in reach", method)));
    return known;
  }
  std::vector<Target> chosen;
  for (const std::string& wanted : params.value("peers", std::vector<std::string>())) {
    std::vector<Target> found;
    // Those that are paired come first: a stranger may take any name.
    const auto keep_if = [&](auto matches) {
      for (const bool paired : {true, false}) {
        if (!found.empty()) return;
        std::ranges::copy_if(known, std::back_inserter(found), [&](const Target& target) {
          return is_paired(target) == paired && matches(target);
        });
      }
    };
    keep_if([&](const Target& t) { return iequals(t.name, wanted); });
    keep_if([&](const Target& t) { return to_string(t.address) == wanted; });
    keep_if([&](const Target& t) { return wanted.size() >= 4 && t.key.starts_with(to_lower(wanted)); });
    if (found.size() > 1) {
      std::vector<std::string> candidates;
      for (const Target& t : found)
        candidates.push_back(fmt::format("{} ({}, {})", t.name, t.key, to_string(t.address)));
      return fail(
          failed(fmt::format("{}: \"{}\" is ambiguous: {}", method, wanted, fmt::join(candidates, ", "))));
    }
    const auto address = parse_address(wanted);
    if (found.empty() && method == "connect" && address) {
      found.push_back({to_string(*address), wanted, std::nullopt, *address});
    }
    if (found.empty())
      return fail(failed(fmt::format("{}: no peer matches \"{}\"", method, printable(wanted))));
    chosen.push_back(found.front());
  }
  if (chosen.empty())
    return fail(RpcError{RpcError::kBadParams, fmt::format("{}: name a peer, or all", method)});
  return chosen;
}

// Why a sink may not watch on the interface that it is on; empty when it may.
std::string SourceDaemon::not_trusted(const Target& target, const discovery::Peer* peer) const {
  const auto plain = [&](const UsableInterface& interface) {
    return access(interface.name) == Access::Plain;
  };
  if (!peer) {
    if (target.device || std::ranges::any_of(interfaces_.usable(), plain)) return {};
    return "security.mode is \"paired\": plain Wi-Fi Display only on security.open_interfaces";
  }
  const UsableInterface* const interface = interfaces_.by_index(peer->interface_index);
  if (interface && plain(*interface)) return {};
  if (peer->identity == discovery::Peer::Identity::Cloned)
    return "cloned identity: two boards have its key; run wfdctl identity --renew on one, and pair again";
  return paired(*peer) ? std::string() : fmt::format("not paired; run wfdctl pair \"{}\"", target.name);
}

void SourceDaemon::pair(Call& call) {
  const auto refuse = [&](std::string why) { call.reply(fail(failed("pair: " + std::move(why)))); };
  if (!pairing_) return refuse("security.mode is \"open\": there is nothing to pair");
  if (auto answer = pairing_->answer(call.params)) return call.reply(std::move(*answer));
  if (call.params.contains("open")) return refuse("a source names the sink; a sink opens a window (--open)");
  if (!call.params.contains("peer")) return refuse("name the sink");
  const auto chosen = targets({{"peers", {call.params["peer"]}}}, "pair");
  if (!chosen) return call.reply(fail(chosen.error()));
  const Target& target = chosen->front();
  if (!target.device) return refuse("only a wfdcast sink that is in reach can be paired");
  call.progress({{"state", "waiting for its window (wfdctl pair --open there)"}, {"name", target.name}});
  pairing_->begin(call, *target.device, target.name);
}

// Why inviting this sink makes no sense; empty when it does.
std::string SourceDaemon::cannot_connect(const Target& target) const {
  if (target.p2p) return {};
  if (interfaces_.usable().empty()) return fmt::format("{}", fmt::join(interfaces_.problems(), ", "));
  const auto* peer = target.device ? finder_.registry().find(*target.device) : nullptr;
  if (const std::string reason = not_trusted(target, peer); !reason.empty()) return reason;
  if (peer && peer->state != discovery::SinkState::Available) {
    const auto mine = std::any_of(sinks_.begin(), sinks_.end(),
                                  [&](const auto& entry) { return entry.second.device == target.device; });
    if (!mine) return "busy with another source";
  }
  return {};
}

void SourceDaemon::connect(Call& call) {
  const auto chosen = targets(call.params, "connect");
  if (!chosen) return call.reply(fail(chosen.error()));
  const auto plays = [&](const Target& target) {
    return std::any_of(sinks_.begin(), sinks_.end(), [&](const auto& entry) {
      return key_of(entry.second) == target.key &&
             entry.second.driver->session().state() == SourceSession::State::Playing;
    });
  };
  for (const Target& target : *chosen) {
    if (plays(target)) continue;
    if (const std::string reason = cannot_connect(target); !reason.empty()) {
      return call.reply(fail(failed(fmt::format("connect: {}: {}", target.name, reason))));
    }
  }
  namespace command = discovery::command;
  command::Method method = command::Button{};
  if (call.params.value("show_pin", false)) method = command::ShowPin{};
  if (const std::string pin = call.params.value("pin", ""); !pin.empty()) method = command::EnterPin{pin};
  Time deadline = loop_.now() + config_.rtsp.timeout;
  const Time now = loop_.now();
  std::vector<ConnectWaiters::Awaited> awaited;
  json results = json::array();
  for (const Target& target : *chosen) {
    const bool playing = plays(target);
    if (playing || !call.params.value("wait", true)) {
      results.push_back(
          {{"peer", target.key}, {"name", target.name}, {"result", playing ? "playing" : "invited"}});
    } else {
      awaited.push_back({target.key, target.name});
    }
    if (target.p2p) {
      deadline = now + discovery::P2pDevice::kConnectTime + config_.rtsp.timeout;
    } else if (target.device) {
      dismissed_.erase(*target.device);
      inviter_.want(*target.device, now);
    } else {
      plain_wishes_[target.address] = {now + config_.rtsp.timeout};
    }
  }
  waiters_.add(call, std::move(awaited), std::move(results), deadline);
  waiter_timer_.set(waiters_.next_deadline());
  for (const Target& target : *chosen) {
    if (target.p2p && !plays(target)) p2p_.connect(*target.p2p, method);
  }
  send_invitations();
}

// A sink plays (empty `failure`), or will not: tells who waits for it.
void SourceDaemon::settle(const std::string& key, const std::string& name, const std::string& failure) {
  if (waiters_.settle(key, name, failure) && !failure.empty()) give_up(key);
  waiter_timer_.set(waiters_.next_deadline());
}

// One of our sinks may have been asked for as a Wi-Fi Direct device.
void SourceDaemon::settle(const Sink& sink, const std::string& failure) {
  settle(key_of(sink), sink.name, failure);
  if (sink.p2p && sink.device) settle(to_string(*sink.p2p), sink.name, failure);
}

void SourceDaemon::expire_waiters() {
  const auto reason = fmt::format(
      "did not connect to TCP port {} here in time; is something in between blocking it?", config_.rtsp.port);
  for (const std::string& key : waiters_.expire(loop_.now(), reason)) give_up(key);
  waiter_timer_.set(waiters_.next_deadline());
}

// A person was told that it failed; only a policy goes on trying.
void SourceDaemon::give_up(const std::string& key) {
  const auto device = parse_device_id(key);
  if (device && config_.source.connect != ConnectPolicy::All) inviter_.forget(*device);
}

Result<json, RpcError> SourceDaemon::disconnect(const json& params) {
  const auto chosen = targets(params, "disconnect");
  if (!chosen) return fail(chosen.error());
  json results = json::array();
  for (const Target& target : *chosen) {
    const bool wanted = target.device && inviter_.wanted(*target.device);
    if (target.device) {
      inviter_.forget(*target.device);
      dismissed_.insert(*target.device);
    }
    bool connected = false;
    for (auto& [id, sink] : sinks_) {
      if (key_of(sink) != target.key) continue;
      connected = true;
      sink.driver->apply(&SourceSession::end);
    }
    if (!connected && !wanted && !params.value("all", false)) {
      return fail(failed(fmt::format("disconnect: {} is not connected", target.name)));
    }
    if (connected || wanted) {
      results.push_back({{"peer", target.key}, {"name", target.name}, {"result", "disconnected"}});
    }
  }
  return results;
}

Result<json, RpcError> SourceDaemon::trigger(const json& params, std::string_view method) {
  json all = params;
  if (!params.contains("peers") || params["peers"].empty()) all["all"] = true;
  const auto chosen = targets(all, method);
  if (!chosen) return fail(chosen.error());
  using State = SourceSession::State;
  struct Row {
    std::string_view method;
    std::vector<State> from;
    rtsp::Step<rtsp::SourceEvent> (SourceSession::*call)(Time);
  };
  const Row rows[] = {{"pause", {State::Playing}, &SourceSession::pause},
                      {"play", {State::Paused, State::Standby}, &SourceSession::play},
                      {"standby", {State::Playing, State::Paused}, &SourceSession::standby}};
  const Row& row =
      *std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.method == method; });
  json results = json::array();
  for (const Target& target : *chosen) {
    for (auto& [id, sink] : sinks_) {
      const bool fits = std::count(row.from.begin(), row.from.end(), sink.driver->session().state()) > 0;
      if (key_of(sink) != target.key || !fits) continue;
      if (method == "standby" && !sink.driver->session().sink().standby)
        return fail(failed(fmt::format("standby: {} does not know it; use pause", sink.name)));
      sink.driver->apply(row.call);
      results.push_back({{"peer", target.key}, {"name", target.name}, {"result", "asked"}});
    }
  }
  if (results.empty()) {
    return fail(
        failed(fmt::format("{}: no such sink is {}", method, method == "play" ? "paused" : "playing")));
  }
  return results;
}

}  // namespace wfdcast::daemon
