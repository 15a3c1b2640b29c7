// The sink's part of UIBC: what the source offers, and asking for it.
#include <cassert>

#include "rtsp/capabilities.h"
#include "rtsp/sink_session.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {

Step<SinkEvent> SinkSession::want_input(Time now) {
  Out out;
  if (established() && input_.supported && !exchange_.awaits(Asked::M15, now)) {
    std::string body;
    append_parameter(body, Name::UibcSetting, to_string(UibcSetting::Enable));
    ask(Asked::M15,
        {.method = Method::SetParameter, .uri = std::string(kControlUri), .body = std::move(body)}, now, out);
  }
  assert(consistent());
  return out;
}

// UIBC; the body of a 303. A source may mention what we did not offer together
// with the formats, which changes nothing.
std::string SinkSession::read_input(const std::vector<Parameter>& parameters, Changes& changes) const {
  std::string refusal;
  if (const Parameter* const capability = find(parameters, Name::UibcCapability)) {
    changes.input = parse_uibc_capability(capability->value);
    if (!changes.input) append_parameter(refusal, capability->name, kInvalidValue);
  }
  const Parameter* const setting = find(parameters, Name::UibcSetting);
  if (setting == nullptr) return refusal;
  changes.input_setting = parse_uibc_setting(setting->value);
  const bool possible = options_.capabilities.uibc.supported && changes.input.value_or(input_).port;
  if (!changes.input_setting) {
    append_parameter(refusal, setting->name, kInvalidValue);
  } else if (changes.input_setting == UibcSetting::Enable && !possible && !changes.format) {
    append_parameter(refusal, setting->name, kNotSupported);
  }
  return refusal;
}

// Windows tells its port and no setting: connect at once.
void SinkSession::apply_input(const Changes& changes, Out& out) {
  if (!options_.capabilities.uibc.supported || (!changes.input && !changes.input_setting)) return;
  if (changes.input) input_ = common(*changes.input, options_.capabilities.uibc);
  if (changes.input_setting) input_setting_ = changes.input_setting;
  if (!input_.port) input_.supported = false;
  const bool enabled = input_.supported && input_setting_ != UibcSetting::Disable;
  out.events.emplace_back(InputOffered{input_, enabled ? UibcSetting::Enable : UibcSetting::Disable});
}

}  // namespace wfdcast::rtsp
