#include "rtsp/uibc_receiver.h"

#include <algorithm>
#include <utility>

#include "rtsp/hid_report.h"
#include "wfd/keys.h"

namespace wfdcast::rtsp {
namespace {

// Scrolling by pixels: so many make one notch of a wheel.
constexpr int kPixelsOfNotch = 40;

constexpr std::array kButtons{ButtonInput::Button::Left, ButtonInput::Button::Right,
                              ButtonInput::Button::Middle};

// True when it was not there, and is now.
template <class List, class Value>
bool insert(List& list, const Value& value) {
  if (std::find(list.begin(), list.end(), value) != list.end()) return false;
  list.push_back(value);
  return true;
}

template <class List, class Value>
bool remove(List& list, const Value& value) {
  return std::erase(list, value) > 0;
}

}  // namespace

Result<std::vector<Input>, UibcError> UibcReceiver::receive(ByteView bytes) {
  Inputs inputs;
  const auto done = reader_.receive(bytes, [&](ByteView whole) {
    ++counters_.packets;
    const auto packet = parse_uibc_packet(whole);
    if (!packet) {
      ++counters_.malformed;
      return;
    }
    std::visit([&](const auto& body) { read(body, inputs); }, packet->body);
  });
  if (!done) return fail(done.error());
  return inputs;
}

std::vector<Input> UibcReceiver::release() {
  Inputs inputs;
  for (const PointerInput& pointer : pointers_)
    inputs.emplace_back(PointerInput{PointerInput::Action::Up, pointer.id, pointer.x, pointer.y});
  pointers_.clear();
  for (const auto button : kButtons) set_button(button, Press::Up, inputs);
  while (!keys_.empty()) set_key(keys_.back(), Press::Up, inputs);
  usages_.clear();
  shifted_.clear();
  return inputs;
}

void UibcReceiver::read(const UibcPointers& pointers, Inputs& out) {
  for (const auto& [id, x, y] : pointers.pointers) {
    const auto held = std::find_if(pointers_.begin(), pointers_.end(),
                                   [id = id](const PointerInput& pointer) { return pointer.id == id; });
    const PointerInput input{pointers.action, id, x, y};
    switch (pointers.action) {
      case PointerInput::Action::Down:
        if (held != pointers_.end() || pointers_.size() == kMaxUibcPointers) continue;
        pointers_.push_back(input);
        break;
      case PointerInput::Action::Up:
        if (held == pointers_.end()) continue;
        pointers_.erase(held);
        break;
      case PointerInput::Action::Move:
        if (held != pointers_.end()) *held = input;
        break;
    }
    out.emplace_back(input);
  }
}

void UibcReceiver::read(const UibcKeys& keys, Inputs& out) {
  for (const std::uint16_t character : {keys.first, keys.second}) {
    if (character != 0) read_character(keys.press, character, out);
  }
}

// A character stands for its key, and for Shift where it takes that.
void UibcReceiver::read_character(Press press, std::uint16_t character, Inputs& out) {
  const Key* const key = character < 0x80 ? find_key_by_character(static_cast<char>(character)) : nullptr;
  if (key == nullptr) {
    ++counters_.malformed;
    return;
  }
  if (press == Press::Down) {
    const bool takes_shift = key->shifted == static_cast<char>(character);
    if (takes_shift && insert(shifted_, character)) set_key(kLeftShift, Press::Down, out);
    set_key(key->code, Press::Down, out);
  } else {
    set_key(key->code, Press::Up, out);
    // Its Shift may have been let go before, so that the other character of the key is let go now.
    const bool ours = key->shifted != 0 && remove(shifted_, static_cast<std::uint16_t>(key->shifted));
    if (ours && shifted_.empty()) set_key(kLeftShift, Press::Up, out);
  }
}

void UibcReceiver::read(const ZoomInput& zoom, Inputs& out) { out.emplace_back(zoom); }

void UibcReceiver::read(const UibcScroll& scroll, Inputs& out) {
  const bool notches = scroll.unit == UibcScroll::Unit::Notches;
  const int amount = notches ? scroll.amount : scroll.amount / kPixelsOfNotch;
  if (amount != 0) out.emplace_back(ScrollInput{scroll.axis, static_cast<std::int16_t>(amount)});
}

void UibcReceiver::read(const RotateInput& rotation, Inputs& out) { out.emplace_back(rotation); }

void UibcReceiver::read(const UibcHidReport& report, Inputs& out) {
  const bool keyboard = report.device == UibcInput::Keyboard;
  if (!keyboard && report.device != UibcInput::Mouse) {
    ++counters_.malformed;
    return;
  }
  std::optional<bool>& has_id = keyboard ? keyboard_has_id_ : mouse_has_id_;
  if (report.usage == UibcHidReport::Usage::Descriptor) {
    has_id = hid_reports_have_id(report.value);
    return;
  }
  ByteView value = report.value;
  const std::size_t without_id = keyboard ? kBootKeyboardReport : kBootMouseReport;
  if (has_id.value_or(value.size() > without_id) && !value.empty()) value = value.subspan(1);
  keyboard ? read_keyboard(value, out) : read_mouse(value, out);
}

// Modifiers, a reserved byte, and up to six usages: what is new was pressed.
void UibcReceiver::read_keyboard(ByteView report, Inputs& out) {
  const auto now = read_keyboard_report(report);
  if (!now) {
    ++counters_.malformed;
    return;
  }
  const auto before = std::exchange(usages_, *now);
  const auto change = [&](const auto& usages, const auto& others, Press press) {
    for (const std::uint8_t usage : usages) {
      const Key* const key = find_key_by_usage(usage);
      if (key != nullptr && std::find(others.begin(), others.end(), usage) == others.end())
        set_key(key->code, press, out);
    }
  };
  change(before, usages_, Press::Up);
  change(usages_, before, Press::Down);
}

void UibcReceiver::read_mouse(ByteView report, Inputs& out) {
  const auto mouse = read_mouse_report(report);
  if (!mouse) {
    ++counters_.malformed;
    return;
  }
  if (mouse->dx != 0 || mouse->dy != 0) out.emplace_back(MotionInput{mouse->dx, mouse->dy});
  for (std::size_t i = 0; i < kButtons.size(); ++i)
    set_button(kButtons[i], (mouse->buttons >> i & 1) != 0 ? Press::Down : Press::Up, out);
  if (mouse->wheel != 0) out.emplace_back(ScrollInput{ScrollInput::Axis::Vertical, mouse->wheel});
  if (mouse->pan != 0)  // a HID mouse counts to the right
    out.emplace_back(ScrollInput{ScrollInput::Axis::Horizontal, static_cast<std::int16_t>(-mouse->pan)});
}

void UibcReceiver::set_key(KeyCode key, Press press, Inputs& out) {
  const bool changed = press == Press::Down ? insert(keys_, key) : remove(keys_, key);
  if (changed) out.emplace_back(KeyInput{key, press});
}

void UibcReceiver::set_button(ButtonInput::Button button, Press press, Inputs& out) {
  bool& held = buttons_[static_cast<std::size_t>(button)];
  if (std::exchange(held, press == Press::Down) != held) out.emplace_back(ButtonInput{button, press});
}

}  // namespace wfdcast::rtsp
