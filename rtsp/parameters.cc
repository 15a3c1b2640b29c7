#include "rtsp/parameters.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

// Names go back to the peer in answers, so only these characters may.
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

struct TriggerRow {
  Trigger trigger;
  std::string_view text;
};
constexpr std::array<TriggerRow, 4> kTriggers{{{Trigger::Setup, "SETUP"},
                                               {Trigger::Play, "PLAY"},
                                               {Trigger::Pause, "PAUSE"},
                                               {Trigger::Teardown, "TEARDOWN"}}};

}  // namespace

Result<std::vector<Parameter>, ParameterError> parse_parameters(std::string_view body) {
  std::vector<Parameter> parameters;
  parameters.reserve(16);
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(body.size(), end == std::string_view::npos ? end : end + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    const std::string_view name = trim(line.substr(0, colon));
    const Name known = name_of(name);
    if (known == Name::Unknown && !is_name(name)) continue;
    if (parameters.size() == kMaxParameters) return fail(ParameterError::TooMany);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view{} : trim(line.substr(colon + 1));
    parameters.push_back({known, name, value});
  }
  return parameters;
}

const Parameter* find(const std::vector<Parameter>& parameters, Name name) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

void append_parameter(std::string& body, std::string_view name, std::string_view value) {
  append_parts(body, {name, ": ", value, "\r\n"});
}

void append_parameter(std::string& body, Name name, std::string_view value) {
  append_parameter(body, to_string(name), value);
}

void append_name(std::string& body, Name name) { body.append(to_string(name)).append("\r\n"); }

std::optional<Trigger> parse_trigger(std::string_view value) {
  for (const TriggerRow& row : kTriggers) {
    if (iequals(row.text, value)) return row.trigger;
  }
  return std::nullopt;
}

std::string_view to_string(Trigger trigger) { return kTriggers[static_cast<std::size_t>(trigger)].text; }

}  // namespace wfdcast::rtsp
