// What a sink answers on the control socket.
#include "daemon/rpc_values.h"
#include "daemon/sink_daemon.h"

namespace wfdcast::daemon {

using rtsp::SinkSession;

namespace {

std::string_view session_state(SinkSession::State state) {
  using State = SinkSession::State;
  switch (state) {
    case State::Greeting:
    case State::Describing:
    case State::AwaitingTrigger:
    case State::SettingUp:
    case State::Starting:
      return "negotiating";
    case State::Playing:
    case State::Pausing:
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

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

std::string_view delivery_text(const SinkStream* stream, bool playing) {
  if (!stream || !playing) return "none";
  return stream->delivery() == Delivery::Multicast ? "multicast" : "unicast";
}

}  // namespace

void SinkDaemon::bind(MethodTable& methods) {
  methods.bind_answer("status", [this](const json&) { return status(); });
  methods.bind_answer("peers", [this](const json&) { return peers(); });
  methods.bind_answer("stats", [this](const json&) { return stats(); });
  methods.bind("pair", [this](Call& call) {
    if (pairing_) return pairing_->pair(call);
    call.reply(
        fail(RpcError{RpcError::kFailed, "pair: security.mode is \"open\": there is nothing to pair"}));
  });
  for (const std::string_view method : {"play", "pause", "standby", "idr"}) {
    methods.bind_answer(method, [this, method](const json&) { return ask(method); });
  }
  p2p_.bind(methods);
}

json SinkDaemon::session_row() const {
  const std::string_view state = driver_ ? session_state(driver_->session().state()) : "negotiating";
  return {{"peer", source_->invitation ? to_string(source_->invitation->source) : to_string(*source_->p2p)},
          {"name", source_->name},
          {"address", to_string(source_->rtsp.address)},
          {"state", state},
          {"delivery", delivery_text(stream_.get(), state == "playing")},
          {"video", video_text(source_->format)},
          {"audio", audio_text(source_->format)},
          {"since_s", seconds_since(source_->since, loop_.now())},
          {"quirks", source_->quirks},
          {"note", ""}};
}

json SinkDaemon::status() const {
  json sessions = json::array();
  if (source_) sessions.push_back(session_row());
  const std::string_view state = driver_ ? session_state(driver_->session().state()) : "idle";
  const auto counters = stream_ ? stream_->counters() : stream::RtpReceiver::Counters{};
  json status = common_status(environment_, interfaces_, started_, loop_.now());
  status["wifi"] = p2p_.status();
  json& stream = status["stream"];
  stream = {{"state", state == "playing" || state == "paused" ? state : "idle"},
            {"delivery", delivery_text(stream_.get(), state == "playing")},
            {"group", config_.stream.group},
            {"rtp_port", config_.stream.rtp_port},
            {"bitrate_bps", stream_ ? stream_->bitrate() : 0},
            {"source", source_ ? to_string(source_->rtsp.address) : ""},
            {"packets_received", counters.received},
            {"packets_lost", counters.lost},
            {"packets_recovered", counters.recovered},
            {"packets_late", counters.late},
            {"packets_refused", stream_ ? stream_->refused() : 0},
            {"packets_repeated", stream_ ? stream_->repeated() : 0},
            {"jitter_ms", milliseconds(counters.jitter)},
            {"latency_ms", milliseconds(config_.latency())},
            {"output", config_.sink.output},
            {"output_dropped_bytes", output_->dropped_bytes()},
            {"receive_buffer", nullptr},
            {"rp_filter", nullptr}};
  if (stream_) {
    stream["receive_buffer"] = stream_->socket().receive_buffer;
    if (stream_->socket().rp_filter) stream["rp_filter"] = *stream_->socket().rp_filter;
  }
  status["sessions"] = std::move(sessions);
  status["input"] = input_.status();
  const auto& ignored = announcer_.guard().counters();
  status["invitations_ignored"] = {{"malformed", announcer_.malformed()},
                                   {"foreign", ignored.foreign},
                                   {"replayed", ignored.replayed},
                                   {"held", ignored.held},
                                   {"bad_signature", ignored.bad_signature}};
  return status;
}

json SinkDaemon::peers() const {
  json rows = p2p_.peer_rows({});
  if (!source_) return rows;
  if (source_->p2p)
    std::erase_if(rows.get_ref<json::array_t&>(),
                  [&](const json& row) { return row["id"] == to_string(*source_->p2p); });
  json via = json::array();
  if (source_->invitation) via.push_back("beacon");
  if (source_->p2p) via.push_back("p2p");
  const json session = session_row();
  rows.push_back({{"id", session["peer"]},
                  {"name", source_->name},
                  {"role", "source"},
                  {"address", session["address"]},
                  {"interface", source_->interface},
                  {"via", std::move(via)},
                  {"paired", source_->key.has_value()},
                  {"state", session["state"] == "negotiating" ? json("connecting") : session["state"]},
                  {"last_seen_s", 0.0}});
  return rows;
}

json SinkDaemon::stats() const {
  json rows = json::array();
  if (!stream_ || !driver_ || driver_->session().state() != SinkSession::State::Playing) return rows;
  const auto counters = stream_->counters();
  const auto block = stream_->last_block();
  const double all = static_cast<double>(counters.received + counters.lost);
  rows.push_back(
      {{"peer", to_string(environment_.id())},
       {"name", config_.name},
       {"bitrate_bps", stream_->bitrate()},
       {"loss_before", block ? json(block->fraction_lost / 256.0) : json()},
       {"loss_after", all > 0 ? static_cast<double>(counters.lost) / all : 0.0},
       {"recovered", counters.recovered},
       {"recovered_by",
        {{"retransmission", counters.by_retransmission},
         {"parity", counters.by_parity},
         {"fec", counters.by_fec}}},
       {"retransmitted", counters.by_retransmission},
       {"jitter_ms", milliseconds(counters.jitter)},
       {"round_trip_ms", stream_->round_trip() ? json(milliseconds(*stream_->round_trip())) : json()},
       {"delay_ms", milliseconds(counters.delay)},
       {"buffer_ms", milliseconds(counters.buffered)}});
  return rows;
}

Result<json, RpcError> SinkDaemon::ask(std::string_view method) {
  using State = SinkSession::State;
  const State state = driver_ ? driver_->session().state() : State::Ended;
  const bool fits = method == "play"
                        ? state == State::Paused || state == State::Standby
                        : state == State::Playing || (method == "standby" && state == State::Paused);
  if (!fits) {
    return fail(RpcError{RpcError::kFailed, fmt::format("{}: the session is not {}", method,
                                                        method == "play" ? "paused" : "playing")});
  }
  if (method == "play") driver_->apply(&SinkSession::play);
  if (method == "pause") driver_->apply(&SinkSession::pause);
  if (method == "standby") driver_->apply(&SinkSession::standby);
  if (method == "idr") driver_->apply(&SinkSession::request_idr);
  return json{{"result", "asked"}};
}

}  // namespace wfdcast::daemon
