// The source's reaction to the requests of the sink.
#include <algorithm>

#include "base/text.h"
#include "rtsp/capabilities.h"
#include "rtsp/source_session.h"
#include "rtsp/transport.h"
#include "rtsp/uibc_capability.h"
#include "rtsp/value.h"

namespace wfdcast::rtsp {
namespace {

// In the order and with exactly the methods that the strictest sink (wds) takes.
constexpr std::string_view kPublic =
    "org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER";
constexpr std::string_view kAllow = "OPTIONS, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER";
constexpr std::size_t kMaxDetail = 128;

Response status(Status code) { return {.status = code}; }

// Sinks write the presentation URL with localhost, without the port, or with a
// slash at its end.
bool names_our_stream(std::string_view uri) {
  constexpr std::string_view kScheme = "rtsp://";
  if (!iequals(uri.substr(0, kScheme.size()), kScheme)) return false;
  uri.remove_prefix(kScheme.size());
  const std::size_t slash = uri.find('/');
  if (slash == std::string_view::npos) return false;
  std::string_view path = uri.substr(slash);
  if (path.back() == '/') path.remove_suffix(1);
  return path == "/wfd1.0" || path == "/wfd1.0/streamid=0";
}

// wfdcast_delivery: "unicast" or "multicast", and details for a person.
std::optional<DeliveryReported> parse_delivery(std::string_view value) {
  const std::size_t space = value.find(' ');
  const std::string_view path = value.substr(0, space);
  std::string detail;
  if (space != std::string_view::npos) detail = printable(trim(value.substr(space)).substr(0, kMaxDetail));
  if (iequals(path, "unicast")) return DeliveryReported{Delivery::Unicast, std::move(detail)};
  if (iequals(path, "multicast")) return DeliveryReported{Delivery::Multicast, std::move(detail)};
  return std::nullopt;
}

}  // namespace

void SourceSession::reply(const Request& request, Response response, Out& out) const {
  response.cseq = request.cseq;
  out.send(serialize(response));
}

void SourceSession::on_request(const Request& request, Time now, Out& out) {
  if (auto refusal = refuse_at_sight(request)) return reply(request, std::move(*refusal), out);
  const auto session = find(request.headers, "Session");
  if (session && request.method != Method::Options && session_id(*session) != session_) {
    return reply(request, status(Status::SessionNotFound), out);
  }
  switch (request.method) {
    case Method::Options:
      return on_options(request, out);
    case Method::Setup:
      return on_setup(request, now, out);
    case Method::Play:
      return on_play(request, now, out);
    case Method::Pause:
      return on_pause(request, out);
    case Method::Teardown:
      return on_teardown(request, out);
    case Method::GetParameter:
      return on_get_parameter(request, out);
    case Method::SetParameter:
      return on_set_parameter(request, now, out);
    case Method::Describe:
    case Method::Announce:
    case Method::Record:
    case Method::Redirect:
    case Method::Other:
      return reply(request, method_not_allowed(kAllow), out);
  }
}

void SourceSession::on_options(const Request& request, Out& out) {
  Response response = status(Status::Ok);
  response.headers.push_back({"Public", std::string(kPublic)});
  reply(request, std::move(response), out);
  if (state_ != State::Greeting || m2_answer_ != M2Answer::NotSent) return;
  m2_answer_ = M2Answer::Leaving;
  if (state_deadline_) state_deadline_ = heard_ + kReplyTimeout;
}

void SourceSession::on_setup(const Request& request, Time now, Out& out) {
  if (!names_our_stream(request.uri)) return reply(request, status(Status::NotFound), out);
  if (!session_.empty()) return reply(request, status(Status::BadRequest), out);
  if (state_ != State::SettingUp) return reply(request, status(Status::NotValidInThisState), out);
  const auto header = find(request.headers, "Transport");
  if (!header) return reply(request, status(Status::BadRequest), out);
  const auto wanted = parse_transport(*header);
  if (!wanted || wanted->delivery != Delivery::Unicast) {
    return reply(request, status(Status::UnsupportedTransport), out);
  }
  client_ = wanted->client;
  if (quirks_.one_server_port) client_.rtcp = 0;
  if (client_.rtp == 0) client_.rtp = kDefaultClientPort;
  transport_ = setup_answer(client_);
  session_ = options_.session_key;
  Response response = status(Status::Ok);
  response.headers.reserve(2);
  response.headers.push_back(session_header());
  response.headers.push_back({"Transport", serialize(transport_)});
  reply(request, std::move(response), out);
  exchange_.forget(Asked::SetupTrigger);  // its answer may come late or never
  enter(State::Ready, now + kNextRequest);
  if (keepalive_period() > 0s) keepalive_at_ = now + keepalive_period();
  out.events.emplace_back(StreamSetUp{client_});
}

Header SourceSession::session_header() const {
  Header header{"Session", {}};
  append_parts(header.value, {session_, ";timeout=", std::to_string(options_.timeout / 1s)});
  return header;
}

// One server port unless the sink asked for RTCP by a second port. A standard
// sink gets no field that it might not know.
Transport SourceSession::setup_answer(const PortPair& client) const {
  Transport answer = transport_;
  if (answer.delivery == Delivery::Unicast) {
    answer.client = client;
    if (client.rtcp == 0 || quirks_.one_server_port) answer.server.rtcp = answer.client.rtcp = 0;
  }
  if (!wfdcast_) {
    answer.source = {};
    answer.ssrc.reset();
  }
  return answer;
}

void SourceSession::on_play(const Request& request, Time, Out& out) {
  if (!names_our_stream(request.uri)) return reply(request, status(Status::NotFound), out);
  if (state_ != State::Ready && state_ != State::Paused && state_ != State::Standby) {
    return reply(request, status(Status::NotValidInThisState), out);
  }
  Response response = status(Status::Ok);
  response.headers.reserve(2);
  response.headers.push_back(session_header());
  response.headers.push_back({"Range", "npt=now-"});
  reply(request, std::move(response), out);
  enter(State::Playing, std::nullopt);
  if (triggered_ != Trigger::Pause) triggered_.reset();
  out.events.emplace_back(PlayRequested{});
}

void SourceSession::on_pause(const Request& request, Out& out) {
  if (!names_our_stream(request.uri)) return reply(request, status(Status::NotFound), out);
  if (state_ != State::Playing) return reply(request, status(Status::NotAcceptable), out);
  Response response = status(Status::Ok);
  response.headers = {{"Session", session_}};
  reply(request, std::move(response), out);
  enter(State::Paused, std::nullopt);
  idr_.cancel();
  if (triggered_ != Trigger::Play) triggered_.reset();
  out.events.emplace_back(PauseRequested{});
}

// Whatever URI it names and without a Session header too: picast does both.
void SourceSession::on_teardown(const Request& request, Out& out) {
  Response response = status(Status::Ok);
  if (!session_.empty()) response.headers = {{"Session", session_}};
  reply(request, std::move(response), out);
  if (state_ == State::Ending) return finish(outcome_.reason, outcome_.detail, out);
  std::string why;
  if (const auto parameters = parse_parameters(request.body)) {
    const Parameter* const reason = find(*parameters, Name::MicrosoftTeardownReason);
    if (reason != nullptr) why = printable(reason->value.substr(0, kMaxDetail));
  }
  finish(EndReason::PeerTeardown, std::move(why), out);
}

// A sink's own keep-alive, or its questions: we have no answer but "none".
void SourceSession::on_get_parameter(const Request& request, Out& out) {
  const auto questions = parse_parameters(request.body);
  if (!questions) return reply(request, status(Status::BadRequest), out);
  Response response = status(Status::Ok);
  if (!session_.empty()) response.headers = {{"Session", session_}};
  response.body = none_answers(*questions);
  reply(request, std::move(response), out);
}

// M10 to M15. It is read to its end before it is answered.
void SourceSession::on_set_parameter(const Request& request, Time now, Out& out) {
  const auto parameters = parse_parameters(request.body);
  if (!parameters) return reply(request, status(Status::BadRequest), out);
  if (auto refusal = refusal_of(*parameters)) return reply(request, std::move(*refusal), out);
  Response response = status(Status::Ok);
  if (!session_.empty()) response.headers = {{"Session", session_}};
  reply(request, std::move(response), out);
  take_parameters(*parameters, now, out);
}

// UIBC that was not offered cannot be enabled.
std::optional<Response> SourceSession::refusal_of(const std::vector<Parameter>& parameters) const {
  Response refusal = status(Status::SeeOther);
  for (const Parameter& parameter : parameters) {
    const bool checked = parameter.name == Name::ConnectorType || parameter.name == Name::Route ||
                         parameter.name == Name::UibcCapability || parameter.name == Name::UibcSetting;
    if (checked && !canonical(parameter.name, parameter.value)) {
      append_parameter(refusal.body, parameter.name, kInvalidValue);
    } else if (parameter.name == Name::UibcSetting && !input_.supported &&
               parse_uibc_setting(parameter.value) == UibcSetting::Enable) {
      append_parameter(refusal.body, parameter.name, kNotSupported);
    }
  }
  if (!refusal.body.empty()) return refusal;
  const bool may_sleep = state_ == State::Playing || state_ == State::Paused || state_ == State::Standby;
  if (find(parameters, Name::Standby) != nullptr && !may_sleep) return status(Status::NotValidInThisState);
  return std::nullopt;
}

// M10 is answered and nothing more: there is no coupled sink to send sound to.
void SourceSession::take_parameters(const std::vector<Parameter>& parameters, Time now, Out& out) {
  if (find(parameters, Name::IdrRequest) != nullptr && state_ == State::Playing && idr_.request(now)) {
    out.events.emplace_back(IdrRequested{});
  }
  if (find(parameters, Name::Standby) != nullptr) enter_standby(out);
  if (const Parameter* const connector = find(parameters, Name::ConnectorType)) {
    const auto type = canonical(Name::ConnectorType, connector->value);
    sink_.connector = type && *type != "none" ? *type : std::string();
    out.events.emplace_back(ConnectorChanged{sink_.connector});
  }
  take_input(parameters, out);
  const Parameter* const delivery = find(parameters, Name::WfdcastDelivery);
  if (delivery == nullptr || !wfdcast_ || !established()) return;
  if (auto report = parse_delivery(delivery->value)) out.events.emplace_back(std::move(*report));
}

}  // namespace wfdcast::rtsp
