#include "rtsp/hid_report.h"

#include <algorithm>
#include <array>

#include "wfd/keys.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::uint8_t kKeyboardId = 0x29, kMouseId = 0x28;
constexpr std::uint8_t kFirstKeyUsage = 4;  // below: no key, and errors
constexpr std::size_t kKeysAtOnce = 6;
constexpr std::uint8_t kReportId = 0x84, kItemTag = 0xFC, kLongItem = 0xFE;

constexpr auto kKeyboardDescriptor = std::to_array<std::uint8_t>({
    0x05, 0x01,        0x09, 0x06, 0xA1, 0x01,  // generic desktop, keyboard, collection: application
    0x85, kKeyboardId,                          //
    0x05, 0x07,        0x19, 0xE0, 0x29, 0xE7,  // keys: the modifiers
    0x15, 0x00,        0x25, 0x01, 0x75, 0x01, 0x95, 0x08,        // eight bits
    0x81, 0x02,                                                   // input: variable
    0x75, 0x08,        0x95, 0x01, 0x81, 0x01,                    // a byte that says nothing
    0x19, 0x00,        0x29, 0x91, 0x15, 0x00, 0x26, 0x91, 0x00,  //
    0x75, 0x08,        0x95, 0x06, 0x81, 0x00,                    // six keys
    0xC0,
});
constexpr auto kMouseDescriptor = std::to_array<std::uint8_t>({
    0x05, 0x01,     0x09, 0x02, 0xA1, 0x01,                          // generic desktop, mouse, collection
    0x85, kMouseId, 0x09, 0x01, 0xA1, 0x00,                          // pointer, collection: physical
    0x05, 0x09,     0x19, 0x01, 0x29, 0x03,                          // three buttons
    0x15, 0x00,     0x25, 0x01, 0x75, 0x01, 0x95, 0x03, 0x81, 0x02,  //
    0x75, 0x05,     0x95, 0x01, 0x81, 0x01,                          // five bits that say nothing
    0x05, 0x01,     0x09, 0x30, 0x09, 0x31, 0x09, 0x38,              // X, Y, wheel
    0x15, 0x81,     0x25, 0x7F, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06,  // relative
    0x05, 0x0C,     0x0A, 0x38, 0x02, 0x95, 0x01, 0x81, 0x06,        // consumer: AC Pan
    0xC0, 0xC0,
});

}  // namespace

std::optional<std::vector<std::uint8_t>> read_keyboard_report(ByteView report) {
  if (report.size() < 3) return std::nullopt;
  std::vector<std::uint8_t> usages;
  for (std::uint8_t bit = 0; bit < 8; ++bit) {
    if ((report[0] >> bit & 1) != 0) usages.push_back(static_cast<std::uint8_t>(kFirstModifierUsage + bit));
  }
  for (const std::uint8_t usage : report.subspan(2).first(std::min(kKeysAtOnce, report.size() - 2))) {
    if (usage >= kFirstKeyUsage) usages.push_back(usage);
  }
  return usages;
}

std::vector<std::uint8_t> keyboard_report(const std::vector<std::uint8_t>& usages) {
  std::vector<std::uint8_t> report{kKeyboardId, 0, 0};
  for (const std::uint8_t usage : usages) {
    if (usage >= kFirstModifierUsage) {
      report[1] = static_cast<std::uint8_t>(report[1] | 1u << (usage - kFirstModifierUsage));
    } else if (report.size() < 1 + kBootKeyboardReport) {
      report.push_back(usage);
    }
  }
  report.resize(1 + kBootKeyboardReport);
  return report;
}

std::optional<MouseReport> read_mouse_report(ByteView report) {
  if (report.size() < 3) return std::nullopt;
  const auto signed_at = [&](std::size_t at) {
    return at < report.size() ? static_cast<std::int8_t>(report[at]) : std::int8_t{0};
  };
  return MouseReport{report[0], signed_at(1), signed_at(2), signed_at(3), signed_at(4)};
}

std::vector<std::uint8_t> mouse_report(const MouseReport& mouse) {
  const auto byte = [](std::int8_t value) { return static_cast<std::uint8_t>(value); };
  return {kMouseId, mouse.buttons, byte(mouse.dx), byte(mouse.dy), byte(mouse.wheel), byte(mouse.pan)};
}

bool hid_reports_have_id(ByteView descriptor) {
  ByteReader in(descriptor);
  while (in.remaining() > 0) {
    const std::uint8_t item = in.u8();
    if ((item & kItemTag) == kReportId) return true;
    const std::size_t size = item & 3u;
    if (item == kLongItem) {
      const std::size_t length = in.u8();
      in.skip(1 + length);
    } else {
      in.skip(size == 3 ? 4 : size);
    }
  }
  return false;
}

ByteView keyboard_descriptor() { return kKeyboardDescriptor; }
ByteView mouse_descriptor() { return kMouseDescriptor; }

}  // namespace wfdcast::rtsp
