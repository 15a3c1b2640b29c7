#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace wfdcast::rtsp {

// Reports of keyboards and mice in the layout of the boot protocol (USB HID 1.11,
// appendix B), which all of them know; a report id may stand before it.
inline constexpr std::size_t kBootKeyboardReport = 8;  // modifiers, 0, six usages
inline constexpr std::size_t kBootMouseReport = 5;     // buttons, dx, dy, and mostly wheel and pan

// The usages of page 7 that are held; nullopt for a report that is too short. A
// roll-over error (usage 1 to 3) is no key.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> read_keyboard_report(ByteView report);
// Of what does not fit into six, the first.
[[nodiscard]] std::vector<std::uint8_t> keyboard_report(const std::vector<std::uint8_t>& usages);

struct MouseReport {
  std::uint8_t buttons = 0;  // left, right, middle from bit 0 on
  std::int8_t dx = 0, dy = 0;
  std::int8_t wheel = 0, pan = 0;  // up; right
};
[[nodiscard]] std::optional<MouseReport> read_mouse_report(ByteView report);
[[nodiscard]] std::vector<std::uint8_t> mouse_report(const MouseReport& mouse);

// Whether a report descriptor has the item Report ID (USB HID 1.11, 6.2.2.7).
[[nodiscard]] bool hid_reports_have_id(ByteView descriptor);

// What our own reports look like: with an id, as Windows wants them.
[[nodiscard]] ByteView keyboard_descriptor();
[[nodiscard]] ByteView mouse_descriptor();

}  // namespace wfdcast::rtsp
