#include "rtsp/source_session.h"

#include <algorithm>
#include <cassert>

#include "rtsp/capabilities.h"
#include "rtsp/transport.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {

const char* to_string(SourceSession::State state) {
  using State = SourceSession::State;
  switch (state) {
    case State::Idle:
      return "idle";
    case State::Greeting:
      return "greeting";
    case State::Querying:
      return "querying";
    case State::Choosing:
      return "choosing";
    case State::Fixing:
      return "fixing";
    case State::SettingUp:
      return "setting up";
    case State::Ready:
      return "ready";
    case State::Playing:
      return "playing";
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

SourceSession::SourceSession(SourceOptions options) : options_(std::move(options)) {
  assert(!options_.session_key.empty() && options_.keepalive > 0s && options_.timeout >= 1s);
}

Step<SourceEvent> SourceSession::start(Time now) {
  Out out;
  if (state_ != State::Idle) return out;
  heard_ = now;
  enter(State::Greeting, std::nullopt);
  out.to_peer = exchange_.request(
      Asked::M1, {.method = Method::Options, .uri = "*", .headers = {{"Require", std::string(kWfdOption)}}},
      now);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::receive(std::string_view bytes, Time now) {
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

Step<SourceEvent> SourceSession::written(Time now) {
  if (wants_written()) {
    m2_answer_ = M2Answer::Left;
    m3_after_ = now + kM3Distance;
    // Where M1 was answered before, this replaces the wait for M2.
    if (state_deadline_) state_deadline_ = m3_after_;
  }
  assert(consistent());
  return {};
}

Step<SourceEvent> SourceSession::select(const StreamFormat& format, const Transport& transport, Time now) {
  Out out;
  if (state_ != State::Choosing) return out;
  format_ = format;
  transport_ = transport;
  enter(State::Fixing, std::nullopt);
  fix_format(now, out);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::refuse(std::string reason, Time now) {
  Out out;
  begin_ending(EndReason::Refused, std::move(reason), now, out);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::set_quirks(const Quirks& quirks, Time now) {
  quirks_ = quirks;
  const bool awaits_m2 = state_ == State::Greeting && m2_answer_ == M2Answer::NotSent && state_deadline_;
  if (awaits_m2) state_deadline_ = now + (quirks_.wait_for_m2 ? kReplyTimeout : kM2Patience);
  assert(consistent());
  return {};
}

Step<SourceEvent> SourceSession::play(Time now) {
  Out out;
  if (quirks_.pause_at_source && (state_ == State::Paused || state_ == State::Standby)) {
    enter(State::Playing, std::nullopt);
    out.events.emplace_back(PlayRequested{});
    return out;
  }
  const bool paused = state_ == State::Paused || state_ == State::Standby ||
                      (state_ == State::Playing && triggered_ == Trigger::Pause);
  if (paused && !exchange_.awaits(Asked::PlayTrigger, now))
    trigger(Trigger::Play, Asked::PlayTrigger, now, out);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::pause(Time now) {
  Out out;
  if (quirks_.pause_at_source && state_ == State::Playing) {
    enter(State::Paused, std::nullopt);
    idr_.cancel();
    out.events.emplace_back(PauseRequested{});
    return out;
  }
  const bool playing = state_ == State::Playing || (state_ == State::Paused && triggered_ == Trigger::Play);
  if (playing && !exchange_.awaits(Asked::PauseTrigger, now))
    trigger(Trigger::Pause, Asked::PauseTrigger, now, out);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::standby(Time now) {
  Out out;
  const bool awake = state_ == State::Playing || state_ == State::Paused;
  if (awake && sink_.standby && !exchange_.awaits(Asked::M12, now)) {
    std::string body;
    append_name(body, Name::Standby);
    ask(Asked::M12, Method::SetParameter, std::move(body), now, out);
  }
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::change_format(const StreamFormat& format, const FormatChangeTiming& timing,
                                               Time now) {
  Out out;
  if (!established()) return out;
  next_format_ = format;
  std::string body = format_change(format, sink_);
  append_parameter(body, Name::AvFormatChangeTiming, serialize(timing));
  ask(Asked::FormatChange, Method::SetParameter, std::move(body), now, out);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::move(const Transport& transport, Time now) {
  Out out;
  if (!established() || !wfdcast_) return out;
  next_move_ = transport;
  if (next_move_->delivery == Delivery::Unicast) next_move_->client = client_;
  if (!moving_) send_move(now, out);
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::give_key(const GroupKey& key, Time now) {
  Out out;
  switch (state_) {
    case State::Idle:
    case State::Greeting:
    case State::Querying:
    case State::Choosing:
      key_ = key;
      break;
    case State::Fixing:
    case State::SettingUp:
    case State::Ready:
    case State::Playing:
    case State::Paused:
    case State::Standby:
      next_key_ = key;
      if (!sending_key_) send_key(now, out);
      break;
    case State::Ending:
    case State::Ended:
      break;
  }
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::end(Time now) {
  Out out;
  begin_ending(EndReason::Requested, {}, now, out);
  assert(consistent());
  return out;
}

void SourceSession::heard(Time now) { heard_ = now; }

Step<SourceEvent> SourceSession::tick(Time now) {
  Out out;
  if (state_ == State::Ended) return out;
  if (const auto what = exchange_.overdue(now)) {
    finish(EndReason::NoAnswer,
           std::string("no answer to ") + to_string(*what) + " within " +
               std::to_string(patience(*what) / 1s) + " s",
           out);
  } else if (state_deadline_ && now >= *state_deadline_) {
    on_state_deadline(now, out);
  } else if (established()) {
    keep_alive(now, out);
  }
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::connection_lost(Time) {
  Out out;
  if (state_ == State::Ending) {
    finish(outcome_.reason, outcome_.detail, out);  // some sinks answer TEARDOWN by closing
  } else if (state_ != State::Ended) {
    finish(EndReason::ConnectionLost, std::string("while ") + to_string(state_), out);
  }
  assert(consistent());
  return out;
}

std::optional<Time> SourceSession::next_deadline() const {
  std::optional<Time> next = earliest(exchange_.deadline(), state_deadline_);
  if (established()) {
    next = earliest(next, earliest(keepalive_at_, silence_ends()));
    next = earliest(next, idr_.deadline());
  }
  return next;
}

bool SourceSession::wants_written() const {
  return state_ == State::Greeting && !wfdcast_ && m2_answer_ == M2Answer::Leaving;
}

bool SourceSession::established() const {
  return state_ == State::Ready || state_ == State::Playing || state_ == State::Paused ||
         state_ == State::Standby;
}

bool SourceSession::consistent() const {
  if (state_ == State::Ended) return !next_deadline() && !wants_written();
  if (state_ == State::Choosing) return !exchange_.deadline() && !state_deadline_;
  if (state_ == State::Ending) return state_deadline_.has_value() && !exchange_.deadline();
  if (state_ == State::Idle) return !next_deadline();
  if (established()) return !session_.empty() && (!next_move_ || moving_);
  return session_.empty() && next_deadline().has_value();
}

void SourceSession::enter(State state, std::optional<Time> deadline) {
  state_ = state;
  state_deadline_ = deadline;
}

void SourceSession::finish(EndReason reason, std::string detail, Out& out) {
  enter(State::Ended, std::nullopt);
  exchange_.forget_all();
  out.events.emplace_back(SessionEnded{reason, std::move(detail)});
}

// Before M1 is answered there is nobody to talk to; after it the sink is asked
// to send M8, and has 2 s.
void SourceSession::begin_ending(EndReason reason, std::string detail, Time now, Out& out) {
  if (state_ == State::Ending || state_ == State::Ended) return;
  if (state_ == State::Idle || state_ == State::Greeting) return finish(reason, std::move(detail), out);
  exchange_.forget_all();
  enter(State::Ending, now + kTeardownTimeout);
  outcome_ = {reason, std::move(detail)};
  trigger(Trigger::Teardown, Asked::TeardownTrigger, now, out);
}

void SourceSession::ask(Asked what, Method method, std::string body, Time now, Out& out) {
  Request request{.method = method, .uri = std::string(kControlUri), .body = std::move(body)};
  if (!session_.empty()) request.headers.push_back({"Session", session_});
  out.send(exchange_.request(what, std::move(request), now));
}

void SourceSession::trigger(Trigger trigger, Asked what, Time now, Out& out) {
  std::string body;
  append_parameter(body, Name::TriggerMethod, to_string(trigger));
  ask(what, Method::SetParameter, std::move(body), now, out);
  triggered_ = trigger;
}

void SourceSession::ask_capabilities(Time now, Out& out) {
  enter(State::Querying, std::nullopt);
  const SinkKind kind = wfdcast_ ? SinkKind::Wfdcast : SinkKind::Standard;
  ask(Asked::M3, Method::GetParameter, capability_questions(kind, options_.generation, options_.input), now,
      out);
}

void SourceSession::fix_format(Time now, Out& out) {
  std::string body = format_choice(format_, sink_, options_.presentation_url);
  if (key_) append_parameter(body, Name::WfdcastGroupKey, serialize(*key_));
  if (input_.supported) {
    append_parameter(body, Name::UibcCapability, serialize(input_));
    append_parameter(body, Name::UibcSetting, to_string(input_setting_));
  }
  ask(Asked::M4, Method::SetParameter, std::move(body), now, out);
}

void SourceSession::send_move(Time now, Out& out) {
  moving_ = std::exchange(next_move_, std::nullopt);
  if (!moving_) return;
  std::string body;
  append_parameter(body, Name::WfdcastTransport, serialize(*moving_));
  ask(Asked::Move, Method::SetParameter, std::move(body), now, out);
}

void SourceSession::send_key(Time now, Out& out) {
  sending_key_ = std::exchange(next_key_, std::nullopt);
  if (!sending_key_) return;
  std::string body;
  append_parameter(body, Name::WfdcastGroupKey, serialize(*sending_key_));
  ask(Asked::Key, Method::SetParameter, std::move(body), now, out);
}

void SourceSession::on_state_deadline(Time now, Out& out) {
  switch (state_) {
    case State::Greeting:
      if (m2_answer_ != M2Answer::Leaving) return ask_capabilities(now, out);
      return finish(EndReason::NoAnswer, "the answer to M2 never left", out);
    case State::SettingUp:
      return finish(EndReason::NoAnswer, "no SETUP (M6) came", out);
    case State::Ready:
      return finish(EndReason::NoAnswer, "no PLAY (M7) came", out);
    case State::Ending:
      if (outcome_.reason != EndReason::Requested) return finish(outcome_.reason, outcome_.detail, out);
      return finish(EndReason::NoAnswer, "no TEARDOWN (M8) within 2 s", out);
    case State::Idle:
    case State::Querying:
    case State::Choosing:
    case State::Fixing:
    case State::Playing:
    case State::Paused:
    case State::Standby:
    case State::Ended:
      return;
  }
}

Duration SourceSession::keepalive_period() const {
  return std::min(options_.keepalive, quirks_.keepalive.value_or(options_.keepalive));
}

// Two answers to M16 must be missing.
std::optional<Time> SourceSession::silence_ends() const {
  if (!keepalive_at_) return std::nullopt;
  return heard_ + std::max<Duration>(options_.timeout, 2 * keepalive_period() + kReplyTimeout);
}

void SourceSession::enter_standby(Out& out) {
  if (state_ != State::Playing && state_ != State::Paused) return;
  enter(State::Standby, std::nullopt);
  idr_.cancel();
  triggered_.reset();
  out.events.emplace_back(StandbyEntered{});
}

// M16, however lively the sink is: some sinks leave without it.
void SourceSession::keep_alive(Time now, Out& out) {
  if (const auto end = silence_ends(); end && now >= *end) {
    return finish(EndReason::NoAnswer, "nothing heard for " + std::to_string((*end - heard_) / 1s) + " s",
                  out);
  }
  if (keepalive_at_ && now >= *keepalive_at_) {
    keepalive_at_ = now + keepalive_period();
    ask(Asked::M16, Method::GetParameter, {}, now, out);
  }
  if (idr_.due(now)) out.events.emplace_back(IdrRequested{});
}

}  // namespace wfdcast::rtsp
