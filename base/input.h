#pragma once

#include <cstdint>
#include <variant>

#include "base/strong.h"

namespace wfdcast {

// A key, numbered as in linux/input-event-codes.h.
using KeyCode = Strong<struct KeyCodeTag, std::uint16_t>;
enum class Press : std::uint8_t { Down, Up };

// What a person does at the sink with the picture that it shows.
struct KeyInput {
  KeyCode key;
  Press press = Press::Down;
  bool operator==(const KeyInput&) const = default;
};
// A finger, or a mouse that points: its place in pixels of the stream, from the top left corner.
struct PointerInput {
  enum class Action : std::uint8_t { Down, Up, Move } action = Action::Move;
  std::uint8_t id = 0;
  std::uint16_t x = 0, y = 0;
  bool operator==(const PointerInput&) const = default;
};
// A mouse that only tells how far it went.
struct MotionInput {
  std::int16_t dx = 0, dy = 0;
  bool operator==(const MotionInput&) const = default;
};
struct ButtonInput {
  enum class Button : std::uint8_t { Left, Right, Middle } button = Button::Left;
  Press press = Press::Down;
  bool operator==(const ButtonInput&) const = default;
};
struct ScrollInput {
  enum class Axis : std::uint8_t { Vertical, Horizontal } axis = Axis::Vertical;
  std::int16_t notches = 0;  // up and left are positive
  bool operator==(const ScrollInput&) const = default;
};
struct ZoomInput {
  std::uint16_t x = 0, y = 0;
  std::uint16_t factor = 256;  // in 256ths
  bool operator==(const ZoomInput&) const = default;
};
struct RotateInput {
  std::int16_t radians = 0;  // in 256ths; negative: clockwise
  bool operator==(const RotateInput&) const = default;
};
using Input =
    std::variant<KeyInput, PointerInput, MotionInput, ButtonInput, ScrollInput, ZoomInput, RotateInput>;

}  // namespace wfdcast
