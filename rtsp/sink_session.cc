#include "rtsp/sink_session.h"

#include <cassert>

#include "base/text.h"
#include "rtsp/capabilities.h"
#include "rtsp/transport.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::size_t kMaxDetail = 128;

}  // namespace

const char* to_string(SinkSession::State state) {
  using State = SinkSession::State;
  switch (state) {
    case State::Greeting:
      return "greeting";
    case State::Describing:
      return "describing";
    case State::AwaitingTrigger:
      return "awaiting trigger";
    case State::SettingUp:
      return "setting up";
    case State::Starting:
      return "starting";
    case State::Playing:
      return "playing";
    case State::Pausing:
      return "pausing";
    case State::Paused:
      return "paused";
    case State::Standby:
      return "standby";
    case State::Ending:
      return "ending";
    case State::Ended:
      return "ended";
  }
  return "";
}

SinkSession::SinkSession(SinkOptions options)
    : options_(std::move(options)), url_(std::string(kControlUri) + "/streamid=0") {
  options_.capabilities = offered(std::move(options_.capabilities));
  if (options_.header) return;
  options_.capabilities.multicast = false;
  options_.capabilities.repair = {};
}

Step<SinkEvent> SinkSession::start(Time now) {
  heard_ = now;
  enter(State::Greeting, now + kNextRequest);
  assert(consistent());
  return {};
}

Step<SinkEvent> SinkSession::receive(std::string_view bytes, Time now) {
  Out out;
  if (state_ == State::Ended) return out;
  const auto unusable = exchange_.receive(bytes, [&](const Message& message) {
    heard_ = now;
    if (const auto* request = std::get_if<Request>(&message)) on_request(*request, now, out);
    if (const auto* response = std::get_if<Response>(&message)) on_response(*response, now, out);
    return state_ != State::Ended;
  });
  if (unusable && state_ != State::Ended) {
    out.send(serialize(Response{.status = Status::BadRequest}));
    finish(EndReason::BadMessage, *unusable, out);
  }
  assert(consistent());
  return out;
}

// In time for M6; the port stays bound.
Step<SinkEvent> SinkSession::set_quirks(const Quirks& quirks, Time) {
  if (quirks.one_client_port) options_.client.rtcp = 0;
  return {};
}

Step<SinkEvent> SinkSession::play(Time now) {
  Out out;
  on_trigger(Trigger::Play, now, out);
  assert(consistent());
  return out;
}

Step<SinkEvent> SinkSession::pause(Time now) {
  Out out;
  on_trigger(Trigger::Pause, now, out);
  assert(consistent());
  return out;
}

Step<SinkEvent> SinkSession::standby(Time now) {
  Out out;
  const bool awake = state_ == State::Playing || state_ == State::Paused;
  if (awake && source_knows_standby_ && !exchange_.awaits(Asked::M12, now)) {
    std::string body;
    append_name(body, Name::Standby);
    ask(Asked::M12,
        {.method = Method::SetParameter, .uri = std::string(kControlUri), .body = std::move(body)}, now, out);
  }
  assert(consistent());
  return out;
}

Step<SinkEvent> SinkSession::request_idr(Time now) {
  Out out;
  if (state_ == State::Playing && idr_.request(now)) send_idr_request(now, out);
  assert(consistent());
  return out;
}

Step<SinkEvent> SinkSession::report(Delivery delivery, std::string_view detail, Time now) {
  Out out;
  if (!established() || !source_is_wfdcast_) return out;
  report_ = delivery == Delivery::Multicast ? "multicast" : "unicast";
  const std::string text = printable(detail.substr(0, kMaxDetail));
  if (!text.empty()) report_->append(" ").append(text);
  if (!exchange_.awaits(Asked::Delivery, now)) send_report(now, out);
  assert(consistent());
  return out;
}

Step<SinkEvent> SinkSession::end(Time now) {
  Out out;
  switch (state_) {
    case State::Greeting:
    case State::Describing:
    case State::AwaitingTrigger:
      finish(EndReason::Requested, {}, out);
      break;
    case State::SettingUp:
    case State::Starting:
    case State::Playing:
    case State::Pausing:
    case State::Paused:
    case State::Standby:
      begin_ending(EndReason::Requested, {}, now, out);
      break;
    case State::Ending:
    case State::Ended:
      break;
  }
  assert(consistent());
  return out;
}

void SinkSession::heard(Time now) { heard_ = now; }

Step<SinkEvent> SinkSession::tick(Time now) {
  Out out;
  if (state_ == State::Ended) return out;
  if (const auto what = exchange_.overdue(now)) {
    finish(EndReason::NoAnswer,
           std::string("no answer to ") + to_string(*what) + " within " +
               std::to_string(patience(*what) / 1s) + " s",
           out);
  } else if (state_deadline_ && now >= *state_deadline_) {
    on_state_deadline(out);
  } else if (established() && now >= heard_ + timeout_ + kSinkGrace) {
    finish(EndReason::NoAnswer, "neither messages nor pictures from the source", out);
  } else if (idr_.due(now)) {
    send_idr_request(now, out);
  }
  assert(consistent());
  return out;
}

Step<SinkEvent> SinkSession::connection_lost(Time) {
  Out out;
  if (state_ == State::Ending) {
    finish(outcome_.reason, outcome_.detail, out);
  } else if (state_ != State::Ended) {
    finish(EndReason::ConnectionLost, std::string("while ") + to_string(state_), out);
  }
  assert(consistent());
  return out;
}

std::optional<Time> SinkSession::next_deadline() const {
  std::optional<Time> next = earliest(exchange_.deadline(), state_deadline_);
  if (established()) next = earliest(next, heard_ + timeout_ + kSinkGrace);
  return earliest(next, idr_.deadline());
}

bool SinkSession::established() const {
  return !session_.empty() && state_ != State::Ending && state_ != State::Ended;
}

bool SinkSession::consistent() const {
  switch (state_) {
    case State::Greeting:
    case State::Describing:
    case State::AwaitingTrigger:
      return session_.empty() && !exchange_.deadline();
    case State::SettingUp:
      return session_.empty() && exchange_.deadline() && !state_deadline_;
    case State::Starting:
    case State::Pausing:
      return !session_.empty() && exchange_.deadline() && !state_deadline_;
    case State::Playing:
    case State::Paused:
    case State::Standby:
      return !session_.empty() && next_ == Next::Nothing && !exchange_.deadline();
    case State::Ending:
      return state_deadline_.has_value() && !exchange_.deadline();
    case State::Ended:
      return !next_deadline();
  }
  return false;
}

void SinkSession::enter(State state, std::optional<Time> deadline) {
  state_ = state;
  state_deadline_ = deadline;
  if (state != State::Playing) idr_.cancel();
}

void SinkSession::finish(EndReason reason, std::string detail, Out& out) {
  enter(State::Ended, std::nullopt);
  exchange_.forget_all();
  out.events.emplace_back(SessionEnded{reason, std::move(detail)});
}

// M8; the session is over when it is answered, and after 2 s in any case.
void SinkSession::begin_ending(EndReason reason, std::string detail, Time now, Out& out) {
  if (state_ == State::Ending || state_ == State::Ended) return;
  exchange_.forget_all();
  enter(State::Ending, now + kTeardownTimeout);
  outcome_ = {reason, std::move(detail)};
  ask_stream(Asked::M8, Method::Teardown, now, out);
}

void SinkSession::ask(Asked what, Request request, Time now, Out& out) {
  if (!session_.empty()) request.headers.push_back({"Session", session_});
  out.send(exchange_.request(what, std::move(request), now));
}

void SinkSession::ask_stream(Asked what, Method method, Time now, Out& out) {
  ask(what, {.method = method, .uri = url_}, now, out);
}

void SinkSession::set_up(Time now, Out& out) {
  const Transport transport{.client = options_.client};
  enter(State::SettingUp, std::nullopt);
  ask(Asked::M6, {.method = Method::Setup, .uri = url_, .headers = {{"Transport", serialize(transport)}}},
      now, out);
}

void SinkSession::start_playing(Time now, Out& out) {
  enter(State::Starting, std::nullopt);
  ask_stream(Asked::M7, Method::Play, now, out);
}

void SinkSession::start_pausing(Time now, Out& out) {
  enter(State::Pausing, std::nullopt);
  ask_stream(Asked::M9, Method::Pause, now, out);
}

void SinkSession::carry_out_next(Time now, Out& out) {
  const Next next = std::exchange(next_, Next::Nothing);
  if (next == Next::Play && state_ == State::Paused) start_playing(now, out);
  if (next == Next::Pause && state_ == State::Playing) start_pausing(now, out);
}

void SinkSession::send_idr_request(Time now, Out& out) {
  std::string body;
  append_name(body, Name::IdrRequest);
  ask(Asked::M13, {.method = Method::SetParameter, .uri = std::string(kControlUri), .body = std::move(body)},
      now, out);
}

void SinkSession::send_report(Time now, Out& out) {
  if (!report_) return;
  std::string body;
  append_parameter(body, Name::WfdcastDelivery, *report_);
  report_.reset();
  ask(Asked::Delivery,
      {.method = Method::SetParameter, .uri = std::string(kControlUri), .body = std::move(body)}, now, out);
}

void SinkSession::on_state_deadline(Out& out) {
  switch (state_) {
    case State::Greeting:
      return finish(EndReason::NoAnswer, "no OPTIONS (M1) came", out);
    case State::Describing:
      return finish(EndReason::NoAnswer, "neither M3 nor M4 came", out);
    case State::AwaitingTrigger:
      return finish(EndReason::NoAnswer, "no trigger (M5) came", out);
    case State::Ending:
      if (outcome_.reason != EndReason::Requested) return finish(outcome_.reason, outcome_.detail, out);
      return finish(EndReason::NoAnswer, "no answer to TEARDOWN (M8) within 2 s", out);
    case State::SettingUp:
    case State::Starting:
    case State::Playing:
    case State::Pausing:
    case State::Paused:
    case State::Standby:
    case State::Ended:
      return;
  }
}

void SinkSession::enter_standby(Out& out) {
  if (state_ != State::Playing && state_ != State::Paused) return;
  enter(State::Standby, std::nullopt);
  out.events.emplace_back(StreamStandby{});
}

}  // namespace wfdcast::rtsp
