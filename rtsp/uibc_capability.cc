#include "rtsp/uibc_capability.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

template <class Enum>
struct Row {
  Enum value;
  std::string_view text;
};
constexpr std::array<Row<UibcInput>, 8> kInputs{{{UibcInput::Keyboard, "Keyboard"},
                                                 {UibcInput::Mouse, "Mouse"},
                                                 {UibcInput::SingleTouch, "SingleTouch"},
                                                 {UibcInput::MultiTouch, "MultiTouch"},
                                                 {UibcInput::Joystick, "Joystick"},
                                                 {UibcInput::Camera, "Camera"},
                                                 {UibcInput::Gesture, "Gesture"},
                                                 {UibcInput::RemoteControl, "RemoteControl"}}};
constexpr std::array<Row<UibcPath>, 6> kPaths{{{UibcPath::Infrared, "Infrared"},
                                               {UibcPath::Usb, "USB"},
                                               {UibcPath::Bluetooth, "BT"},
                                               {UibcPath::Zigbee, "Zigbee"},
                                               {UibcPath::Wifi, "Wi-Fi"},
                                               {UibcPath::NoSp, "No-SP"}}};
constexpr std::size_t kMaxHidc = kInputs.size() * kPaths.size();

template <class Table>
auto find(const Table& table, std::string_view text) -> std::optional<decltype(table[0].value)> {
  for (const auto& row : table) {
    if (iequals(row.text, text)) return row.value;
  }
  return std::nullopt;
}

template <class Table, class Enum>
std::string_view text_of(const Table& table, Enum value) {
  return std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.value == value; })->text;
}

void read_hidc(UibcCapability& capability, std::string_view word) {
  const std::size_t slash = std::min(word.find('/'), word.size());
  const auto input = find(kInputs, trim(word.substr(0, slash)));
  const auto path = find(kPaths, trim(word.substr(std::min(slash + 1, word.size()))));
  if (!input || !path || capability.hidc_inputs.size() == kMaxHidc) return;
  capability.hidc_inputs.push_back({*input, *path});
}

// One "name=list"; false where it is none that we know.
bool read_list(UibcCapability& capability, std::string_view name, std::string_view list) {
  for (const std::string_view word : Parts(list, ',')) {
    if (iequals(name, "input_category_list")) {
      capability.generic = capability.generic || iequals(word, "GENERIC");
      capability.hidc = capability.hidc || iequals(word, "HIDC");
    } else if (iequals(name, "generic_cap_list")) {
      if (const auto input = find(kInputs, word))
        capability.generic_inputs |= static_cast<std::uint8_t>(*input);
    } else if (iequals(name, "hidc_cap_list")) {
      read_hidc(capability, word);
    } else if (iequals(name, "port")) {
      capability.port = parse_number<std::uint16_t>(word);
    } else {
      return false;
    }
  }
  return true;
}

void append_word(std::string& list, std::string_view word) {
  if (!list.empty()) list += ", ";
  list += word;
}

std::string or_none(std::string list) { return list.empty() ? "none" : list; }

}  // namespace

std::optional<UibcCapability> parse_uibc_capability(std::string_view value) {
  UibcCapability capability;
  if (iequals(trim(value), "none")) return capability;
  for (const std::string_view part : Parts(value, ';')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    if (read_list(capability, trim(part.substr(0, equals)), trim(part.substr(equals + 1))))
      capability.supported = true;
  }
  if (!capability.supported) return std::nullopt;
  return capability;
}

std::string serialize(const UibcCapability& capability) {
  if (!capability.supported) return "none";
  std::string categories, generic, hidc;
  if (capability.generic) append_word(categories, "GENERIC");
  if (capability.hidc) append_word(categories, "HIDC");
  for (const auto& row : kInputs) {
    if ((capability.generic_inputs & static_cast<std::uint8_t>(row.value)) != 0)
      append_word(generic, row.text);
  }
  for (const UibcHidc& one : capability.hidc_inputs) {
    append_word(hidc, text_of(kInputs, one.input));
    hidc.append("/").append(text_of(kPaths, one.path));
  }
  return "input_category_list=" + or_none(categories) + ";generic_cap_list=" + or_none(generic) +
         ";hidc_cap_list=" + or_none(hidc) +
         ";port=" + (capability.port ? std::to_string(*capability.port) : "none");
}

std::optional<UibcSetting> parse_uibc_setting(std::string_view value) {
  for (const UibcSetting setting : {UibcSetting::Enable, UibcSetting::Disable}) {
    if (iequals(trim(value), to_string(setting))) return setting;
  }
  return std::nullopt;
}

std::string_view to_string(UibcSetting setting) {
  return setting == UibcSetting::Enable ? "enable" : "disable";
}

UibcCapability common(const UibcCapability& source, const UibcCapability& sink) {
  UibcCapability both{.port = source.port};
  if (source.generic && sink.generic) both.generic_inputs = source.generic_inputs & sink.generic_inputs;
  both.generic = both.generic_inputs != 0;
  for (const UibcHidc& one : source.hidc_inputs) {
    const auto& others = sink.hidc_inputs;
    if (source.hidc && sink.hidc && std::find(others.begin(), others.end(), one) != others.end())
      both.hidc_inputs.push_back(one);
  }
  both.hidc = !both.hidc_inputs.empty();
  both.supported = both.generic || both.hidc;
  return both;
}

}  // namespace wfdcast::rtsp
