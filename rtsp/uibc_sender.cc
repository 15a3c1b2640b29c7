#include "rtsp/uibc_sender.h"

#include <algorithm>

#include "rtsp/hid_report.h"
#include "wfd/keys.h"

namespace wfdcast::rtsp {
namespace {

constexpr int kMostMotion = 127;  // in one report of a mouse
constexpr int kMostScroll = 8191;

template <class Body>
std::string packet(Body body) {
  return serialize(UibcPacket{.body = std::move(body)});
}

std::string report(UibcPath path, UibcInput device, UibcHidReport::Usage usage,
                   std::vector<std::uint8_t> value) {
  return packet(UibcHidReport{path, device, usage, std::move(value)});
}

std::vector<std::uint8_t> copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

UibcSender::UibcSender(UibcCapability agreed, PictureSize picture)
    : agreed_(std::move(agreed)), picture_(picture), x_(picture.width / 2), y_(picture.height / 2) {}

bool UibcSender::generic(UibcInput input) const {
  return agreed_.generic && (agreed_.generic_inputs & static_cast<std::uint8_t>(input)) != 0;
}

std::optional<UibcPath> UibcSender::hidc(UibcInput input) const {
  const auto found = std::find_if(agreed_.hidc_inputs.begin(), agreed_.hidc_inputs.end(),
                                  [&](const UibcHidc& one) { return one.input == input; });
  if (!agreed_.hidc || found == agreed_.hidc_inputs.end()) return std::nullopt;
  return found->path;
}

bool UibcSender::points() const {
  return generic(UibcInput::Mouse) || generic(UibcInput::SingleTouch) || generic(UibcInput::MultiTouch);
}

std::string UibcSender::start() const {
  using Usage = UibcHidReport::Usage;
  std::string bytes;
  if (const auto path = hidc(UibcInput::Keyboard))
    bytes += report(*path, UibcInput::Keyboard, Usage::Descriptor, copy(keyboard_descriptor()));
  if (const auto path = hidc(UibcInput::Mouse))
    bytes += report(*path, UibcInput::Mouse, Usage::Descriptor, copy(mouse_descriptor()));
  return bytes;
}

std::string UibcSender::send(const Input& input) {
  return std::visit([&](const auto& one) { return say(one); }, input);
}

std::string UibcSender::release() {
  std::string bytes;
  while (!pointers_.empty()) {
    PointerInput up = pointers_.back();
    up.action = PointerInput::Action::Up;
    bytes += say(up);
  }
  while (!keys_.empty()) bytes += say(KeyInput{keys_.back(), Press::Up});
  if (std::exchange(buttons_, std::uint8_t{0}) != 0) {
    if (const auto path = hidc(UibcInput::Mouse)) bytes += mouse(*path, 0, 0);
  }
  return bytes;
}

std::string UibcSender::keyboard(UibcPath path) const {
  std::vector<std::uint8_t> usages;
  for (const KeyCode code : keys_) {
    if (const Key* const key = find_key(code)) usages.push_back(key->usage);
  }
  return report(path, UibcInput::Keyboard, UibcHidReport::Usage::Input, keyboard_report(usages));
}

// A report for each of its steps, where it is a long way.
std::string UibcSender::mouse(UibcPath path, int dx, int dy, int wheel, int pan) const {
  const auto part = [](int& rest) {
    const int step = std::clamp(rest, -kMostMotion, kMostMotion);
    rest -= step;
    return static_cast<std::int8_t>(step);
  };
  std::string bytes;
  do {
    bytes += report(path, UibcInput::Mouse, UibcHidReport::Usage::Input,
                    mouse_report({buttons_, part(dx), part(dy), part(wheel), part(pan)}));
  } while (dx != 0 || dy != 0 || wheel != 0 || pan != 0);
  return bytes;
}

// As a report of a keyboard, which knows every key; else as the character that it types.
std::string UibcSender::say(const KeyInput& input) {
  const Key* const key = find_key(input.key);
  if (key == nullptr) return {};
  std::erase(keys_, input.key);
  if (input.press == Press::Down) keys_.push_back(input.key);
  if (const auto path = hidc(UibcInput::Keyboard)) return keyboard(*path);
  if (!generic(UibcInput::Keyboard) || key->plain == 0) return {};
  const bool shift = std::any_of(keys_.begin(), keys_.end(),
                                 [](KeyCode held) { return held == kLeftShift || held == kRightShift; });
  const char character = shift && key->shifted != 0 ? key->shifted : key->plain;
  return packet(UibcKeys{input.press, static_cast<std::uint16_t>(character), 0});
}

void UibcSender::hold(const PointerInput& input) {
  std::erase_if(pointers_, [&](const PointerInput& pointer) { return pointer.id == input.id; });
  if (input.action != PointerInput::Action::Up) pointers_.push_back(input);
}

std::string UibcSender::say(const PointerInput& input) {
  const bool held = std::any_of(pointers_.begin(), pointers_.end(),
                                [&](const PointerInput& pointer) { return pointer.id == input.id; });
  if (held || input.action == PointerInput::Action::Down) hold(input);
  const int dx = input.x - std::exchange(x_, input.x), dy = input.y - std::exchange(y_, input.y);
  if (points()) {
    if (input.id != 0 && !generic(UibcInput::MultiTouch)) return {};
    return packet(UibcPointers{input.action, {{input.id, input.x, input.y}}});
  }
  const auto path = hidc(UibcInput::Mouse);
  if (!path || input.id != 0) return {};
  if (input.action == PointerInput::Action::Down) buttons_ |= 1;
  if (input.action == PointerInput::Action::Up) buttons_ &= 0xFE;
  return mouse(*path, dx, dy);
}

// A mouse without a place has one all the same where only pointers were agreed.
std::string UibcSender::say(const MotionInput& input) {
  if (const auto path = hidc(UibcInput::Mouse)) return mouse(*path, input.dx, input.dy);
  if (!points()) return {};
  const auto x = static_cast<std::uint16_t>(std::clamp(x_ + input.dx, 0, picture_.width - 1));
  const auto y = static_cast<std::uint16_t>(std::clamp(y_ + input.dy, 0, picture_.height - 1));
  return say(PointerInput{PointerInput::Action::Move, 0, x, y});
}

std::string UibcSender::say(const ButtonInput& input) {
  const auto bit = static_cast<std::uint8_t>(1u << static_cast<unsigned>(input.button));
  const bool down = input.press == Press::Down;
  if (const auto path = hidc(UibcInput::Mouse)) {
    buttons_ = static_cast<std::uint8_t>(down ? buttons_ | bit : buttons_ & ~bit);
    return mouse(*path, 0, 0);
  }
  if (input.button != ButtonInput::Button::Left || !points()) return {};
  return say(PointerInput{down ? PointerInput::Action::Down : PointerInput::Action::Up, 0,
                          static_cast<std::uint16_t>(x_), static_cast<std::uint16_t>(y_)});
}

std::string UibcSender::say(const ScrollInput& input) const {
  const bool vertical = input.axis == ScrollInput::Axis::Vertical;
  if (points()) {
    const int notches = std::clamp<int>(input.notches, -kMostScroll, kMostScroll);
    return packet(UibcScroll{input.axis, UibcScroll::Unit::Notches, static_cast<std::int16_t>(notches)});
  }
  const auto path = hidc(UibcInput::Mouse);
  if (!path) return {};
  return vertical ? mouse(*path, 0, 0, input.notches) : mouse(*path, 0, 0, 0, -input.notches);
}

std::string UibcSender::say(const ZoomInput& input) const { return points() ? packet(input) : std::string(); }
std::string UibcSender::say(const RotateInput& input) const {
  return points() ? packet(input) : std::string();
}

}  // namespace wfdcast::rtsp
