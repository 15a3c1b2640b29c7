// What the owner of a session at a source wants of the sink, and the requests that this makes.
#include <cassert>

#include "rtsp/capabilities.h"
#include "rtsp/source_session.h"
#include "rtsp/transport.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {

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

}  // namespace wfdcast::rtsp
