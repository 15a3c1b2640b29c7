// What a source tells about itself, its peers and its sessions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/rpc_values.h"
#include "daemon/source_daemon.h"
#include "stream/airtime.h"

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

// One that moves has both and counts twice for that moment.
int receivers(const stream::MulticastGroup& group) {
  const int on_group = group.playing_on_group(), targets = static_cast<int>(group.destinations().size());
  return on_group > 0 ? on_group + targets - 1 : targets;
}

// Why this sink has the stream in that way.
std::string delivery_reason(const stream::MulticastGroup& group, SessionId id,
                            stream::DeliveryPolicy policy) {
  if (std::string note = group.path_note(id); !note.empty()) return note;
  if (policy == stream::DeliveryPolicy::Unicast) return "stream.delivery is \"unicast\"";
  if (delivery_of(group, id) == "multicast")
    return fmt::format("one copy for {}, and repair for what it loses", group.playing_on_group());
  return receivers(group) == 1 ? "alone: its own copy is acknowledged" : "on its way to the group";
}

json airtime_row(const stream::MulticastGroup& group, std::uint64_t bitrate) {
  const double packets = static_cast<double>(bitrate) / 8 / stream::kMaxRtpPacket;
  const auto air = stream::estimate_airtime(static_cast<double>(bitrate), packets, receivers(group));
  const auto rounded = [](double part) { return std::round(part * 1000) / 1000; };
  return {{"multicast", rounded(air.group)}, {"unicast", rounded(air.stations)}};
}

}  // namespace

json SourceDaemon::session_row(const Sink& sink) const {
  return {{"peer", sink.peer()},
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
          {"input", input_.state_of(sink.id)},
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
  for (const Ipv4Address sender : watch_.foreign())
    status["warnings"].push_back(fmt::format("stream.group: {} sends to our group too", to_string(sender)));
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
      {"group", to_string(stream_.group().group().address)},
      {"rtp_port", config_.stream.rtp_port},
      {"bitrate_bps", counters.bitrate},
      {"input", config_.source.input},
      {"packets_sent", counters.packets},
      {"bytes_sent", counters.bytes},
      {"packets_retransmitted", stream_.repair() ? stream_.repair()->counters().retransmitted : 0},
      {"parity_packets_sent", stream_.repair() ? stream_.repair()->counters().parity : 0},
      {"fec_packets_sent", counters.fec_packets},
      {"idr_requests", counters.idr_requests},
      {"catch_ups", counters.catch_ups},
      {"pacing", stream_.pacing()},
      {"wanted_bitrate_bps", nullptr}};
  if (const auto wanted = stream_.wanted_bitrate()) status["stream"]["wanted_bitrate_bps"] = *wanted;
  status["sessions"] = std::move(sessions);
  status["input"] = input_.status();
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
  json row{{"peer", sink.peer()},
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
           {"buffer_ms", nullptr},
           {"delivery", delivery_of(stream_of(sink).group(), sink.id)},
           {"why", delivery_reason(stream_of(sink).group(), sink.id, config_.stream.delivery)},
           {"airtime", airtime_row(stream_of(sink).group(), stream_of(sink).counters().bitrate)}};
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

}  // namespace wfdcast::daemon
