#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/input.h"

namespace wfdcast {

// One key of a keyboard with the US layout, in the tongues of those who speak of it.
struct Key {
  KeyCode code;                             // Linux
  std::uint8_t usage = 0;                   // USB HID usage tables, page 7
  char plain = 0, shifted = 0;              // what it types; 0: nothing
  std::string_view name{}, shifted_name{};  // X11's keysym, as GStreamer's navigation events have it
};
inline constexpr KeyCode kLeftShift{42}, kRightShift{54};
inline constexpr std::uint8_t kFirstModifierUsage = 0xE0;  // eight of them

[[nodiscard]] std::span<const Key> keys();
// nullptr: no such key.
[[nodiscard]] const Key* find_key(KeyCode code);
[[nodiscard]] const Key* find_key_by_usage(std::uint8_t usage);
[[nodiscard]] const Key* find_key_by_name(std::string_view name);
[[nodiscard]] const Key* find_key_by_character(char character);

}  // namespace wfdcast
