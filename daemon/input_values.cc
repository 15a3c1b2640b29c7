#include "daemon/input_values.h"

#include "base/overloaded.h"
#include "wfd/keys.h"

namespace wfdcast::daemon {

using nlohmann::json;

namespace {

std::string_view text(Press press) { return press == Press::Down ? "down" : "up"; }

std::string_view text(PointerInput::Action action) {
  switch (action) {
    case PointerInput::Action::Down:
      return "down";
    case PointerInput::Action::Up:
      return "up";
    case PointerInput::Action::Move:
      return "move";
  }
  return "";
}

std::string_view text(ButtonInput::Button button) {
  switch (button) {
    case ButtonInput::Button::Left:
      return "left";
    case ButtonInput::Button::Right:
      return "right";
    case ButtonInput::Button::Middle:
      return "middle";
  }
  return "";
}

}  // namespace

json to_json(const Input& input) {
  return std::visit(
      overloaded{
          [](const KeyInput& i) -> json {
            const Key* const key = find_key(i.key);
            return {{"kind", "key"},
                    {"key", key ? std::string(key->name) : std::to_string(i.key.value)},
                    {"press", text(i.press)}};
          },
          [](const PointerInput& i) -> json {
            return {
                {"kind", "pointer"}, {"action", text(i.action)}, {"pointer", i.id}, {"x", i.x}, {"y", i.y}};
          },
          [](const MotionInput& i) -> json { return {{"kind", "motion"}, {"dx", i.dx}, {"dy", i.dy}}; },
          [](const ButtonInput& i) -> json {
            return {{"kind", "button"}, {"button", text(i.button)}, {"press", text(i.press)}};
          },
          [](const ScrollInput& i) -> json {
            const bool vertical = i.axis == ScrollInput::Axis::Vertical;
            return {
                {"kind", "scroll"}, {"axis", vertical ? "vertical" : "horizontal"}, {"notches", i.notches}};
          },
          [](const ZoomInput& i) -> json {
            return {{"kind", "zoom"}, {"x", i.x}, {"y", i.y}, {"factor", i.factor / 256.0}};
          },
          [](const RotateInput& i) -> json { return {{"kind", "rotate"}, {"radians", i.radians / 256.0}}; },
      },
      input);
}

UibcCapability all_input() {
  const auto bits = [](auto... inputs) {
    return static_cast<std::uint8_t>((static_cast<unsigned>(inputs) | ...));
  };
  return {.supported = true,
          .generic = true,
          .hidc = true,
          .generic_inputs =
              bits(UibcInput::Keyboard, UibcInput::Mouse, UibcInput::SingleTouch, UibcInput::MultiTouch),
          .hidc_inputs = {{UibcInput::Keyboard, UibcPath::Usb},
                          {UibcInput::Mouse, UibcPath::Usb},
                          {UibcInput::Keyboard, UibcPath::Bluetooth},
                          {UibcInput::Mouse, UibcPath::Bluetooth}},
          .port = {}};
}

}  // namespace wfdcast::daemon
