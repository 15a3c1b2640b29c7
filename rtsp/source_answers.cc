// The source's reaction to the answers of the sink.
#include <algorithm>

#include "base/text.h"
#include "rtsp/capabilities.h"
#include "rtsp/source_session.h"

namespace wfdcast::rtsp {
namespace {

std::string refusal(const Response& response, Asked what) {
  return std::string("the sink answered ") + std::to_string(static_cast<unsigned>(response.status)) + " to " +
         to_string(what);
}

std::string refused_formats(const Response& response) {
  std::string names;
  const auto parameters = parse_parameters(response.body);
  if (!parameters) return names;
  for (const Name name : {Name::VideoFormats, Name::AudioCodecs}) {
    if (find(*parameters, name) == nullptr) continue;
    names.append(names.empty() ? ": " : ", ").append(to_string(name));
  }
  return names;
}

const char* to_string(ParameterError error) {
  switch (error) {
    case ParameterError::TooMany:
      return "too many parameters";
    case ParameterError::Missing:
      return "a mandatory parameter is missing";
    case ParameterError::BadValue:
      return "a value cannot be read";
  }
  return "";
}

}  // namespace

void SourceSession::on_response(const Response& response, Time now, Out& out) {
  if (!exchange_.was_sent(*response.cseq)) {
    return finish(EndReason::BadMessage, "an answer to a request that was never sent", out);
  }
  const auto what = exchange_.answered(response);
  if (!what) return;  // late
  switch (*what) {
    case Asked::M1:
      return on_greeted(response, now, out);
    case Asked::M3:
      return on_described(response, now, out);
    case Asked::M4:
      return on_fixed(response, now, out);
    case Asked::FormatChange:
      return on_format_changed(response, out);
    case Asked::Move:
      return on_moved(response, now, out);
    case Asked::M12:
      if (response.status == Status::Ok) enter_standby(out);
      return;
    case Asked::M16:  // an error to it is a sign of life like any other
      if (response.status != Status::Ok && quirks_.stop_refused_keepalive) keepalive_at_.reset();
      return;
    case Asked::Key:
      return on_key_answered(response, now, out);
    case Asked::M14:
    case Asked::M15:
      if (response.status != Status::Ok) out.events.emplace_back(InputWanted{UibcSetting::Disable});
      return;
    case Asked::SetupTrigger:
      if (response.status != Status::Ok) begin_ending(EndReason::Refused, refusal(response, *what), now, out);
      return;
    case Asked::TeardownTrigger:
      if (response.status != Status::Ok) finish(outcome_.reason, outcome_.detail, out);
      return;
    // Sinks may refuse these and go on.
    case Asked::PlayTrigger:
    case Asked::PauseTrigger:
    // The sink's own requests.
    case Asked::M2:
    case Asked::M6:
    case Asked::M7:
    case Asked::M8:
    case Asked::M9:
    case Asked::M13:
    case Asked::Delivery:
      return;
  }
}

void SourceSession::on_greeted(const Response& response, Time now, Out& out) {
  if (response.status != Status::Ok) return finish(EndReason::Refused, refusal(response, Asked::M1), out);
  const auto value = find(response.headers, kWfdcastHeader);
  const auto header = value ? parse_wfdcast_header(*value) : std::nullopt;
  if (!admits(header)) {
    return finish(EndReason::NotInvited,
                  header ? "a wfdcast sink without a valid token" : "not a wfdcast sink", out);
  }
  if (header) wfdcast_ = header->id;
  out.events.emplace_back(
      SinkGreeted{wfdcast_, agent_of(response.headers), header ? header->token : std::nullopt});
  if (wfdcast_) return ask_capabilities(now, out);
  // lazycast loses an M3 that comes glued to the answer to M2; the Microsoft
  // adapter resets when M3 comes before M2; LG sends M2 only after M3.
  switch (m2_answer_) {
    case M2Answer::NotSent:
      state_deadline_ = now + (quirks_.wait_for_m2 ? kReplyTimeout : kM2Patience);
      break;
    case M2Answer::Leaving:
      state_deadline_ = now + kReplyTimeout;
      break;
    case M2Answer::Left:
      state_deadline_ = std::max(now, *m3_after_);
      break;
  }
}

bool SourceSession::admits(const std::optional<WfdcastHeader>& header) const {
  const Admission& admission = options_.admission;
  if (admission.anyone) return true;
  if (!header) return admission.plain_sink;
  return header->token && std::find(admission.tokens.begin(), admission.tokens.end(), *header->token) !=
                              admission.tokens.end();
}

void SourceSession::on_described(const Response& response, Time now, Out& out) {
  if (response.status != Status::Ok) {
    return begin_ending(EndReason::Refused, refusal(response, Asked::M3), now, out);
  }
  auto capabilities = parse_capabilities(response.body);
  if (!capabilities) {
    return begin_ending(EndReason::Refused, std::string("answer to M3: ") + to_string(capabilities.error()),
                        now, out);
  }
  sink_ = std::move(*capabilities);
  enter(State::Choosing, std::nullopt);
  out.events.emplace_back(SinkDescribed{});
}

void SourceSession::on_fixed(const Response& response, Time now, Out& out) {
  if (response.status == Status::Ok) {
    if (key_) out.events.emplace_back(KeyAccepted{key_->mki});
    enter(State::SettingUp, now + kNextRequest);
    return trigger(Trigger::Setup, Asked::SetupTrigger, now, out);
  }
  if (refuses_input(response)) {
    input_ = {};
    out.events.emplace_back(InputWanted{UibcSetting::Disable});
    return fix_format(now, out);
  }
  const StreamFormat next = conservative(format_, sink_, response.body);
  if (choice_ == Choice::Conservative || next == format_) {
    return begin_ending(EndReason::Refused, refusal(response, Asked::M4) + refused_formats(response), now,
                        out);
  }
  choice_ = Choice::Conservative;
  enter(State::Choosing, std::nullopt);
  out.events.emplace_back(FormatDeclined{next});
}

void SourceSession::on_key_answered(const Response& response, Time now, Out& out) {
  if (response.status != Status::Ok)
    return begin_ending(EndReason::Refused, refusal(response, Asked::Key), now, out);
  out.events.emplace_back(KeyAccepted{sending_key_->mki});
  send_key(now, out);
}

void SourceSession::on_format_changed(const Response& response, Out& out) {
  if (response.status == Status::Ok) {
    format_ = next_format_;
    out.events.emplace_back(FormatChanged{format_});
  } else {
    out.events.emplace_back(
        FormatRefused{refusal(response, Asked::FormatChange) + refused_formats(response)});
  }
}

void SourceSession::on_moved(const Response& response, Time now, Out& out) {
  if (response.status == Status::Ok) {
    transport_ = *moving_;
  } else {
    out.events.emplace_back(DeliveryReported{transport_.delivery, refusal(response, Asked::Move)});
  }
  send_move(now, out);
}

}  // namespace wfdcast::rtsp
