// What a source answers on the control socket.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "daemon/source_daemon.h"
#include "platform/log.h"
#include "platform/neighbours.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using rtsp::SourceSession;

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
  methods.bind_answer("sdp", [this](const json&) { return sdp(); });
  methods.bind_answer("input", [this](const json& params) { return give_input(params); });
  p2p_.bind(methods);
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

void SourceDaemon::connect(Call& call) {
  const auto chosen = targets(call.params, "connect");
  if (!chosen) return call.reply(fail(chosen.error()));
  const auto plays = [&](const Target& target) {
    return std::any_of(sinks_.begin(), sinks_.end(), [&](const auto& entry) {
      return entry.second.peer() == target.key &&
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
      platform::look_for(target.address);
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

// One of our sinks may have been asked for as a Wi-Fi Direct device, whose link has a second try.
void SourceDaemon::settle(const Sink& sink, const std::string& failure) {
  if (waiters_.empty()) return;
  if (sink.p2p && !failure.empty() && p2p_.device().connects_to(*sink.p2p)) return;
  settle(sink.peer(), sink.name, failure);
  if (sink.p2p && sink.device) settle(to_string(*sink.p2p), sink.name, failure);
}

std::string SourceDaemon::why_not_in_time(const std::string& key) const {
  const auto device = parse_device_id(key);
  const discovery::Peer* const peer = device ? finder_.registry().find(*device) : nullptr;
  if (peer && !invitable(*peer))
    return "did not show in time, by a signature, that it is the board that was paired";
  if (peer && peer->state != discovery::SinkState::Available && !inviter_.invited(*device))
    return "busy with another source";
  const auto address = parse_address(key);
  if (const std::string interface = address ? platform::silent_on(*address) : ""; !interface.empty()) {
    return fmt::format("nobody answers at this address on {}{}", interface,
                       platform::is_station(interface)
                           ? "; if it is there, the access point keeps its clients apart (client isolation)"
                           : "");
  }
  return fmt::format("did not connect to TCP port {} here in time; is something in between blocking it?",
                     config_.rtsp.port);
}

void SourceDaemon::expire_waiters() {
  const auto reason = [this](const std::string& key) { return why_not_in_time(key); };
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
      if (sink.peer() != target.key) continue;
      connected = true;
      // Who waits for it hears it now: its end may come when somebody waits for its next session.
      settle(sink, "disconnected by hand");
      sink.let_go = true;
      if (target.device) inviter_.let_go(*target.device, loop_.now());
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
      if (sink.peer() != target.key || !fits) continue;
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

SourceInput::Callbacks SourceDaemon::input_callbacks() {
  return {.offer =
              [this](SessionId id, const UibcCapability& agreed, UibcSetting setting) {
                sinks_.at(id).driver->apply(&SourceSession::offer_input, agreed, setting);
              },
          .tell =
              [this](SessionId id, UibcSetting setting) {
                sinks_.at(id).driver->apply(&SourceSession::set_input, setting);
              }};
}

SourceInput::Sink SourceDaemon::input_sink(const Sink& sink) const {
  SourceInput::Sink known{sink.id, sink.peer(), sink.name, sink.address.address, sink.key};
  if (sink.format && sink.format->video)
    known.picture = {sink.format->video->mode.width, sink.format->video->mode.height};
  return known;
}

Result<json, RpcError> SourceDaemon::give_input(const json& params) {
  const auto refuse = [](const std::string& why) {
    return fail(RpcError{RpcError::kFailed, "input: " + why});
  };
  if (!input_.wanted_at_all()) return refuse("source.input_from is \"none\"");
  if (!params.contains("peer")) return input_.status();
  std::optional<SessionId> chosen;
  const auto wanted = params["peer"].get<std::string>();
  if (wanted != "none") {
    const auto found = targets({{"peers", {wanted}}}, "input");
    if (!found) return fail(found.error());
    for (const auto& [id, sink] : sinks_) {
      if (sink.peer() == found->front().key) chosen = id;
    }
    if (!chosen) return refuse(found->front().name + " has no session");
  }
  auto given = input_.give_to(chosen);
  if (!given) return refuse(given.error());
  return *given;
}

}  // namespace wfdcast::daemon
