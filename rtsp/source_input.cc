// The source's part of UIBC: what it offers, and what the sink says to that.
#include <cassert>

#include "rtsp/source_session.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {

Step<SourceEvent> SourceSession::offer_input(const UibcCapability& agreed, UibcSetting setting, Time now) {
  Out out;
  input_ = agreed;
  input_setting_ = setting;
  if (established()) {
    std::string body;
    append_parameter(body, Name::UibcCapability, serialize(input_));
    ask(Asked::M14, Method::SetParameter, std::move(body), now, out);
    send_setting(now, out);
  }
  assert(consistent());
  return out;
}

Step<SourceEvent> SourceSession::set_input(UibcSetting setting, Time now) {
  Out out;
  input_setting_ = setting;
  if (established() && input_.supported) send_setting(now, out);
  assert(consistent());
  return out;
}

void SourceSession::send_setting(Time now, Out& out) {
  std::string body;
  append_parameter(body, Name::UibcSetting, to_string(input_setting_));
  ask(Asked::M15, Method::SetParameter, std::move(body), now, out);
}

// The refusal of M4 names UIBC, and nothing of picture and sound.
bool SourceSession::refuses_input(const Response& response) const {
  const auto refused = parse_parameters(response.body);
  if (!input_.supported || !refused) return false;
  const auto names = [&](Name name) { return find(*refused, name) != nullptr; };
  return (names(Name::UibcCapability) || names(Name::UibcSetting)) && !names(Name::VideoFormats) &&
         !names(Name::AudioCodecs);
}

// M14 and M15.
void SourceSession::take_input(const std::vector<Parameter>& parameters, Out& out) {
  const Parameter* const described = find(parameters, Name::UibcCapability);
  if (described != nullptr && options_.input == InputInterest::Wanted) {
    sink_.uibc = parse_uibc_capability(described->value).value_or(UibcCapability{});
    out.events.emplace_back(InputDescribed{sink_.uibc});
  }
  const Parameter* const setting = find(parameters, Name::UibcSetting);
  if (setting != nullptr && input_.supported)
    out.events.emplace_back(InputWanted{*parse_uibc_setting(setting->value)});
}

}  // namespace wfdcast::rtsp
