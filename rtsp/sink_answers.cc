// The sink's reaction to the answers of the source.
#include <algorithm>

#include "base/text.h"
#include "rtsp/sink_session.h"
#include "rtsp/transport.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::size_t kMaxSessionId = 128;

std::string refusal(const Response& response, Asked what) {
  return std::string("the source answered ") + std::to_string(static_cast<unsigned>(response.status)) +
         " to " + to_string(what);
}

// ";timeout=30" of a Session header. None, or an impossibly short one, means 60 s.
Duration announced_timeout(std::string_view value) {
  for (const std::string_view field : Parts(value, ';')) {
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos || !iequals(trim(field.substr(0, equals)), "timeout")) continue;
    const auto seconds = parse_number<std::uint16_t>(trim(field.substr(equals + 1)));
    if (seconds && std::chrono::seconds(*seconds) >= kMinTimeout) return std::chrono::seconds(*seconds);
  }
  return kDefaultTimeout;
}

}  // namespace

void SinkSession::on_response(const Response& response, Time now, Out& out) {
  if (!exchange_.was_sent(*response.cseq)) {
    return finish(EndReason::BadMessage, "an answer to a request that was never sent", out);
  }
  const auto what = exchange_.answered(response);
  if (!what) return;  // late
  switch (*what) {
    case Asked::M6:
      return on_set_up(response, now, out);
    case Asked::M7:
      return on_playing(response, now, out);
    case Asked::M9:
      return on_paused(response, now, out);
    case Asked::M8:
      return finish(outcome_.reason, outcome_.detail, out);
    case Asked::Delivery:
      return send_report(now, out);
    case Asked::M12:
      if (response.status == Status::Ok) enter_standby(out);
      return;
    case Asked::M2:
      out.events.emplace_back(SourceGreeted{agent_of(response.headers)});
      return;
    // Nothing hangs on these.
    case Asked::M13:
    case Asked::M14:
    case Asked::M15:
    // The source's own requests.
    case Asked::M1:
    case Asked::M3:
    case Asked::M4:
    case Asked::SetupTrigger:
    case Asked::PlayTrigger:
    case Asked::PauseTrigger:
    case Asked::TeardownTrigger:
    case Asked::M16:
    case Asked::FormatChange:
    case Asked::Move:
    case Asked::Key:
      return;
  }
}

void SinkSession::on_set_up(const Response& response, Time now, Out& out) {
  if (response.status != Status::Ok) return finish(EndReason::Refused, refusal(response, Asked::M6), out);
  const std::string_view session = find(response.headers, "Session").value_or("");
  const std::string_view id = session_id(session);
  if (id.empty() || id.size() > kMaxSessionId)
    return finish(EndReason::Refused, "SETUP was answered without a Session", out);
  Transport transport{.client = options_.client};
  if (const auto header = find(response.headers, "Transport")) {
    const auto parsed = parse_transport(*header);
    if (!parsed) {
      return finish(EndReason::Refused, std::string("Transport of the source: ") + to_string(parsed.error()),
                    out);
    }
    transport = *parsed;
  }
  if (transport.delivery == Delivery::Multicast && !options_.capabilities.multicast) {
    return finish(EndReason::Refused, "multicast, which was not offered", out);
  }
  // Whatever the source repeats, we receive where we said.
  if (transport.delivery == Delivery::Unicast) transport.client = options_.client;
  session_ = id;
  timeout_ = announced_timeout(session);
  out.events.emplace_back(StreamReady{transport});
  start_playing(now, out);
}

void SinkSession::on_playing(const Response& response, Time now, Out& out) {
  if (response.status != Status::Ok) return finish(EndReason::Refused, refusal(response, Asked::M7), out);
  enter(State::Playing, std::nullopt);
  out.events.emplace_back(StreamPlaying{});
  carry_out_next(now, out);
}

// A source that refuses to pause goes on playing.
void SinkSession::on_paused(const Response& response, Time now, Out& out) {
  if (response.status == Status::Ok) {
    enter(State::Paused, std::nullopt);
    out.events.emplace_back(StreamPaused{});
  } else {
    enter(State::Playing, std::nullopt);
  }
  carry_out_next(now, out);
}

}  // namespace wfdcast::rtsp
