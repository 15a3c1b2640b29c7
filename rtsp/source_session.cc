#include "rtsp/source_session.h"

#include <algorithm>
#include <cassert>

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
