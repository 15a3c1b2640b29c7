#include "media/input_lines.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "wfd/keys.h"

namespace wfdcast::media {
namespace {

using Words = std::vector<std::string_view>;

std::optional<Press> press(std::string_view word) {
  if (word == "down") return Press::Down;
  if (word == "up") return Press::Up;
  return std::nullopt;
}

// "key down Return"
std::optional<Input> key(const Words& words) {
  const auto pressed = words.size() == 3 ? press(words[1]) : std::nullopt;
  const Key* const found = pressed ? find_key_by_name(words[2]) : nullptr;
  if (found == nullptr) return std::nullopt;
  return KeyInput{found->code, *pressed};
}

// "pointer move 0 640 360": its number, and its place in pixels of the picture
std::optional<Input> pointer(const Words& words) {
  using Action = PointerInput::Action;
  if (words.size() != 5) return std::nullopt;
  const auto pressed = press(words[1]);
  if (!pressed && words[1] != "move") return std::nullopt;
  const Action action = !pressed ? Action::Move : *pressed == Press::Down ? Action::Down : Action::Up;
  const auto id = parse_number<std::uint8_t>(words[2]);
  const auto x = parse_number<std::uint16_t>(words[3]), y = parse_number<std::uint16_t>(words[4]);
  if (!id || !x || !y) return std::nullopt;
  return PointerInput{action, *id, *x, *y};
}

// "button down right"
std::optional<Input> button(const Words& words) {
  using Button = ButtonInput::Button;
  constexpr std::array<std::string_view, 3> kNames{"left", "right", "middle"};
  const auto pressed = words.size() == 3 ? press(words[1]) : std::nullopt;
  const auto found = pressed ? std::find(kNames.begin(), kNames.end(), words[2]) : kNames.end();
  if (found == kNames.end()) return std::nullopt;
  return ButtonInput{static_cast<Button>(found - kNames.begin()), *pressed};
}

// "scroll vertical -1": notches; up and left are positive
std::optional<Input> scroll(const Words& words) {
  using Axis = ScrollInput::Axis;
  if (words.size() != 3 || (words[1] != "vertical" && words[1] != "horizontal")) return std::nullopt;
  const auto notches = parse_number<std::int16_t>(words[2]);
  if (!notches) return std::nullopt;
  return ScrollInput{words[1] == "vertical" ? Axis::Vertical : Axis::Horizontal, *notches};
}

}  // namespace

std::optional<Input> parse_input_line(std::string_view line) {
  const Words words = split(line, ' ');
  if (words[0] == "key") return key(words);
  if (words[0] == "pointer") return pointer(words);
  if (words[0] == "button") return button(words);
  if (words[0] == "scroll") return scroll(words);
  return std::nullopt;
}

void LineCutter::push(std::string_view bytes, const std::function<void(std::string_view line)>& handle) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    too_long_ = too_long_ || line_.size() + part.size() > kMaxLine;
    if (!too_long_) line_ += part;
    if (end == std::string_view::npos) return;
    if (!too_long_) handle(line_);
    line_.clear();
    too_long_ = false;
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace wfdcast::media
