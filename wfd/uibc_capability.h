#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace wfdcast {

// Words of wfd_uibc_capability; the numbers are bits.
enum class UibcInput : std::uint8_t {
  Keyboard = 0x01,
  Mouse = 0x02,
  SingleTouch = 0x04,
  MultiTouch = 0x08,
  Joystick = 0x10,
  Camera = 0x20,
  Gesture = 0x40,
  RemoteControl = 0x80
};
enum class UibcPath : std::uint8_t { Infrared, Usb, Bluetooth, Zigbee, Wifi, NoSp };

struct UibcHidc {
  UibcInput input = UibcInput::Keyboard;
  UibcPath path = UibcPath::Usb;
  bool operator==(const UibcHidc&) const = default;
};

// wfd_uibc_capability; supported false: "none". A category without anything in
// its list counts, too: Windows sinks leave generic_cap_list out.
struct UibcCapability {
  bool supported = false;
  bool generic = false, hidc = false;  // input_category_list
  std::uint8_t generic_inputs = 0;     // UibcInput bits
  std::vector<UibcHidc> hidc_inputs{};
  std::optional<std::uint16_t> port{};  // the source's TCP port; a sink says "none"
  bool operator==(const UibcCapability&) const = default;
};

// wfd_uibc_setting
enum class UibcSetting : std::uint8_t { Enable, Disable };

}  // namespace wfdcast
