// The sink's reaction to the requests of the source.
#include "base/text.h"
#include "rtsp/capabilities.h"
#include "rtsp/sink_session.h"
#include "rtsp/transport.h"
#include "rtsp/value.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::string_view kPublic = "org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER";
constexpr std::string_view kAllow = "OPTIONS, GET_PARAMETER, SET_PARAMETER";

Response status(Status code) { return {.status = code}; }

bool is_ours(Name name) {
  return name == Name::WfdcastMulticast || name == Name::WfdcastTransport || name == Name::WfdcastDelivery ||
         name == Name::WfdcastRepair;
}

std::string refusal_of(Name name, std::string_view code) {
  std::string body;
  append_parameter(body, name, code);
  return body;
}

// What no answer to M3 offered, or no value of its parameter; the body of a 303.
std::string refused_parameters(const std::vector<Parameter>& parameters) {
  std::string body;
  for (const Parameter& parameter : parameters) {
    switch (parameter.name) {
      case Name::Wfd2VideoFormats:
      case Name::WfdxVideoFormats:
      case Name::ThreeDVideoFormats:
      case Name::PreferredDisplayMode:
        if (!iequals(parameter.value, "none")) append_parameter(body, parameter.name, kNotSupported);
        break;
      case Name::ConnectorType:
      case Name::Route:
        if (!canonical(parameter.name, parameter.value))
          append_parameter(body, parameter.name, kInvalidValue);
        break;
      default:  // every other one is of no consequence
        break;
    }
  }
  return body;
}

}  // namespace

void SinkSession::reply(const Request& request, Response response, Out& out) const {
  response.cseq = request.cseq;
  if (!session_.empty() && response.status == Status::Ok) response.headers.push_back({"Session", session_});
  out.send(serialize(response));
}

void SinkSession::reply_ok(const Request& request, Out& out) const {
  reply(request, status(Status::Ok), out);
}

void SinkSession::on_request(const Request& request, Time now, Out& out) {
  if (auto refusal = refuse_at_sight(request)) return reply(request, std::move(*refusal), out);
  switch (request.method) {
    case Method::Options:
      return on_options(request, now, out);
    case Method::GetParameter:
      return on_get_parameter(request, now, out);
    case Method::SetParameter:
      return on_set_parameter(request, now, out);
    case Method::Play:
    case Method::Pause:
    case Method::Teardown:
      return on_direct(request, out);
    case Method::Setup:
    case Method::Describe:
    case Method::Announce:
    case Method::Record:
    case Method::Redirect:
    case Method::Other:
      return reply(request, method_not_allowed(kAllow), out);
  }
}

// M1, or an OPTIONS in session. Only the answer to M1 says who we are.
void SinkSession::on_options(const Request& request, Time now, Out& out) {
  Response response = status(Status::Ok);
  response.headers = {{"Public", std::string(kPublic)}};
  const bool first = state_ == State::Greeting;
  if (first && !options_.agent.empty()) response.headers.push_back({"User-Agent", options_.agent});
  if (first && options_.header)
    response.headers.push_back({std::string(kWfdcastHeader), serialize(*options_.header)});
  reply(request, std::move(response), out);
  if (!first) return;
  enter(State::Describing, now + kNextRequest);
  ask(Asked::M2, {.method = Method::Options, .uri = "*", .headers = {{"Require", std::string(kWfdOption)}}},
      now, out);
}

// M3, however often; without names it is M16.
void SinkSession::on_get_parameter(const Request& request, Time now, Out& out) {
  const auto questions = parse_parameters(request.body);
  if (!questions) return reply(request, status(Status::BadRequest), out);
  for (const Parameter& question : *questions)
    source_is_wfdcast_ = source_is_wfdcast_ || is_ours(question.name);
  Response response = status(Status::Ok);
  response.body = capability_answers(*questions, options_.capabilities);
  reply(request, std::move(response), out);
  if (state_ == State::Describing && !questions->empty()) state_deadline_ = now + kNextRequest;
}

// M4, M5, a move, or all of them in one body. It is read to its end before it
// is answered: what we cannot do is refused, and then nothing of it is done.
void SinkSession::on_set_parameter(const Request& request, Time now, Out& out) {
  const auto parameters = parse_parameters(request.body);
  if (!parameters) return reply(request, status(Status::BadRequest), out);
  auto changes = read_changes(*parameters);
  if (!changes) {
    Response refusal = status(Status::SeeOther);
    refusal.body = std::move(changes.error());
    return reply(request, std::move(refusal), out);
  }
  const bool may_sleep = state_ == State::Playing || state_ == State::Paused || state_ == State::Standby;
  if ((changes->move && !established()) || (changes->standby && !may_sleep))
    return reply(request, status(Status::NotValidInThisState), out);
  if (const Parameter* const standby = find(*parameters, Name::StandbyResumeCapability))
    source_knows_standby_ = iequals(standby->value, "supported");
  reply_ok(request, out);
  apply(std::move(*changes), now, out);
}

Result<SinkSession::Changes, std::string> SinkSession::read_changes(
    const std::vector<Parameter>& parameters) const {
  Changes changes;
  const bool formats =
      find(parameters, Name::VideoFormats) != nullptr || find(parameters, Name::AudioCodecs) != nullptr;
  if (formats) {
    auto format = apply_choice(parameters, options_.capabilities, format_);
    if (!format) return fail(std::move(format.error()));
    changes.format = *format;
  }
  if (std::string refusal = refused_parameters(parameters) + read_input(parameters, changes);
      !refusal.empty())
    return fail(std::move(refusal));
  if (const Parameter* const timing = find(parameters, Name::AvFormatChangeTiming)) {
    changes.timing = parse_format_change_timing(timing->value);
    if (!changes.timing) return fail(refusal_of(timing->name, kInvalidValue));
  }
  changes.standby = find(parameters, Name::Standby) != nullptr;
  if (const Parameter* const url = find(parameters, Name::PresentationUrl)) {
    changes.url = parse_presentation_url(url->value);
    if (!changes.url) return fail(refusal_of(url->name, kInvalidValue));
  }
  if (const Parameter* const transport = find(parameters, Name::WfdcastTransport)) {
    const auto parsed = parse_transport(transport->value);
    if (!parsed) return fail(refusal_of(transport->name, kInvalidValue));
    if (parsed->delivery == Delivery::Multicast && !options_.capabilities.multicast) {
      return fail(refusal_of(transport->name, kNotSupported));
    }
    changes.move = *parsed;
  }
  if (const Parameter* const key = find(parameters, Name::WfdcastGroupKey)) {
    if (options_.link == SinkOptions::Link::Plain) return fail(refusal_of(key->name, kNotSupported));
    changes.key = parse_group_key(key->value);
    if (!changes.key) return fail(refusal_of(key->name, kInvalidValue));
  }
  if (const Parameter* const trigger = find(parameters, Name::TriggerMethod)) {
    changes.trigger = parse_trigger(trigger->value);
    if (!changes.trigger) return fail(refusal_of(trigger->name, kInvalidValue));
  }
  return changes;
}

void SinkSession::apply(Changes changes, Time now, Out& out) {
  if (state_ == State::Ending) return;
  if (changes.key) out.events.emplace_back(KeyGiven{*changes.key});
  if (changes.url) url_ = std::move(*changes.url);
  if (changes.format) {
    format_ = *changes.format;
    out.events.emplace_back(StreamChosen{format_, changes.timing});
  }
  const bool first = state_ == State::Greeting || state_ == State::Describing;
  if ((changes.url || changes.format) && (first || state_ == State::AwaitingTrigger)) {
    enter(State::AwaitingTrigger, now + kNextRequest);
  }
  if (changes.move) {
    source_is_wfdcast_ = true;
    if (changes.move->delivery == Delivery::Unicast) changes.move->client = options_.client;
    out.events.emplace_back(MoveRequested{*changes.move});
  }
  apply_input(changes, out);
  if (changes.standby) enter_standby(out);
  if (changes.trigger) on_trigger(*changes.trigger, now, out);
}

// A trigger that does not fit the state was answered 200, and is ignored.
void SinkSession::on_trigger(Trigger trigger, Time now, Out& out) {
  switch (trigger) {
    case Trigger::Setup:
      if (state_ == State::AwaitingTrigger) set_up(now, out);
      return;
    case Trigger::Play:
      if (state_ == State::Paused || state_ == State::Standby) start_playing(now, out);
      if (state_ == State::Pausing || state_ == State::Starting) next_ = Next::Play;
      return;
    case Trigger::Pause:
      if (state_ == State::Playing) return start_pausing(now, out);
      if (state_ == State::Starting || state_ == State::Pausing) next_ = Next::Pause;
      return;
    case Trigger::Teardown:
      return begin_ending(EndReason::PeerTeardown, {}, now, out);
  }
}

// A source should only send triggers. One that sends the method itself is
// obeyed.
void SinkSession::on_direct(const Request& request, Out& out) {
  reply_ok(request, out);
  if (request.method == Method::Teardown) {
    if (state_ == State::Ending) return finish(outcome_.reason, outcome_.detail, out);
    return finish(EndReason::PeerTeardown, {}, out);
  }
  if (request.method == Method::Play && (state_ == State::Paused || state_ == State::Standby)) {
    enter(State::Playing, std::nullopt);
    out.events.emplace_back(StreamPlaying{});
  }
  if (request.method == Method::Pause && state_ == State::Playing) {
    enter(State::Paused, std::nullopt);
    out.events.emplace_back(StreamPaused{});
  }
}

}  // namespace wfdcast::rtsp
