#include "platform/virtual_input.h"

#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>

#include <algorithm>
#include <initializer_list>
#include <system_error>
#include <utility>

namespace wfdcast::platform {
namespace {

constexpr int kRange = 65535;  // of the absolute axes, whatever the picture
constexpr unsigned kLastKey = KEY_MICMUTE;

struct EvdevDeleter {
  void operator()(libevdev* device) const { libevdev_free(device); }
};
using Description = std::unique_ptr<libevdev, EvdevDeleter>;

Description describe(const char* name) {
  Description device(libevdev_new());
  libevdev_set_name(device.get(), name);
  libevdev_set_id_bustype(device.get(), BUS_VIRTUAL);
  return device;
}

void enable(const Description& device, unsigned type, std::initializer_list<unsigned> codes) {
  for (const unsigned code : codes) libevdev_enable_event_code(device.get(), type, code, nullptr);
}

void enable_axis(const Description& device, unsigned code, int most) {
  input_absinfo axis{};
  axis.maximum = most;
  libevdev_enable_event_code(device.get(), EV_ABS, code, &axis);
}

Description keyboard() {
  Description device = describe("wfdcast keyboard");
  for (unsigned code = KEY_ESC; code <= kLastKey; ++code)
    libevdev_enable_event_code(device.get(), EV_KEY, code, nullptr);
  return device;
}

// It is told its place, as that of a virtual machine is; and it can be moved.
Description mouse() {
  Description device = describe("wfdcast mouse");
  enable(device, EV_KEY, {BTN_LEFT, BTN_RIGHT, BTN_MIDDLE});
  enable(device, EV_REL, {REL_X, REL_Y, REL_WHEEL, REL_HWHEEL});
  enable_axis(device, ABS_X, kRange);
  enable_axis(device, ABS_Y, kRange);
  return device;
}

Description touchscreen(int fingers) {
  Description device = describe("wfdcast touchscreen");
  libevdev_enable_property(device.get(), INPUT_PROP_DIRECT);
  enable(device, EV_KEY, {BTN_TOUCH});
  for (const unsigned axis : {ABS_X, ABS_Y, ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_TRACKING_ID})
    enable_axis(device, axis, kRange);
  enable_axis(device, ABS_MT_SLOT, fingers - 1);
  return device;
}

Result<libevdev_uinput*> create(const Description& description) {
  libevdev_uinput* device = nullptr;
  const int error =
      libevdev_uinput_create_from_device(description.get(), LIBEVDEV_UINPUT_OPEN_MANAGED, &device);
  if (error < 0) return fail(std::error_code(-error, std::system_category()));
  return device;
}

int scaled(std::uint16_t place, std::uint16_t size) {
  return size < 2 ? 0 : std::min(kRange, place * kRange / (size - 1));
}

int value_of(Press press) { return press == Press::Down ? 1 : 0; }

}  // namespace

void UinputDeleter::operator()(libevdev_uinput* device) const { libevdev_uinput_destroy(device); }

VirtualInput::VirtualInput(Device keyboard, Device mouse, Device touchscreen)
    : keyboard_(std::move(keyboard)), mouse_(std::move(mouse)), touchscreen_(std::move(touchscreen)) {}

Result<std::unique_ptr<VirtualInput>> VirtualInput::open() {
  std::array<Device, 3> devices;
  const std::array descriptions{keyboard(), mouse(), touchscreen(kFingers)};
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto device = create(descriptions[i]);
    if (!device) return fail(device.error());
    devices[i].reset(*device);
  }
  return std::unique_ptr<VirtualInput>(
      new VirtualInput(std::move(devices[0]), std::move(devices[1]), std::move(devices[2])));
}

void VirtualInput::write(const Device& device, unsigned type, unsigned code, int value) {
  (void)libevdev_uinput_write_event(device.get(), type, code, value);
}

void VirtualInput::end(const Device& device) { write(device, EV_SYN, SYN_REPORT, 0); }

void VirtualInput::emit(const Input& input) {
  std::visit([&](const auto& one) { emit_one(one); }, input);
}

void VirtualInput::emit_one(const KeyInput& input) {
  if (input.key.value > kLastKey) return;
  write(keyboard_, EV_KEY, input.key.value, value_of(input.press));
  end(keyboard_);
}

void VirtualInput::emit_one(const MotionInput& input) {
  write(mouse_, EV_REL, REL_X, input.dx);
  write(mouse_, EV_REL, REL_Y, input.dy);
  end(mouse_);
}

void VirtualInput::emit_one(const ButtonInput& input) {
  constexpr std::array<unsigned, 3> kCodes{BTN_LEFT, BTN_RIGHT, BTN_MIDDLE};
  write(mouse_, EV_KEY, kCodes[static_cast<std::size_t>(input.button)], value_of(input.press));
  end(mouse_);
}

// The kernel counts to the right.
void VirtualInput::emit_one(const ScrollInput& input) {
  const bool vertical = input.axis == ScrollInput::Axis::Vertical;
  write(mouse_, EV_REL, vertical ? REL_WHEEL : REL_HWHEEL, vertical ? input.notches : -input.notches);
  end(mouse_);
}

void VirtualInput::emit_one(const PointerInput& input) {
  const bool held = std::find(slots_.begin(), slots_.end(), input.id) != slots_.end();
  if (held || (pointing_ == Pointing::Touch && input.action != PointerInput::Action::Move))
    return touch(input);
  if (input.id == 0) place_mouse(input);
}

void VirtualInput::place_mouse(const PointerInput& input) {
  write(mouse_, EV_ABS, ABS_X, scaled(input.x, picture_.width));
  write(mouse_, EV_ABS, ABS_Y, scaled(input.y, picture_.height));
  if (input.action != PointerInput::Action::Move)
    write(mouse_, EV_KEY, BTN_LEFT, input.action == PointerInput::Action::Down ? 1 : 0);
  end(mouse_);
}

void VirtualInput::touch(const PointerInput& input) {
  auto slot = std::find(slots_.begin(), slots_.end(), input.id);
  const bool began = slot == slots_.end();
  if (began) slot = std::find(slots_.begin(), slots_.end(), std::nullopt);
  if (slot == slots_.end() || (began && input.action == PointerInput::Action::Up)) return;
  const bool first = std::all_of(slots_.begin(), slots_.end(), [](const auto& one) { return !one; });
  write(touchscreen_, EV_ABS, ABS_MT_SLOT, static_cast<int>(slot - slots_.begin()));
  if (input.action == PointerInput::Action::Up) {
    write(touchscreen_, EV_ABS, ABS_MT_TRACKING_ID, -1);
    slot->reset();
  } else {
    if (began) write(touchscreen_, EV_ABS, ABS_MT_TRACKING_ID, next_tracking_++ & kRange);
    *slot = input.id;
    for (const auto& [code, value] : {std::pair{ABS_MT_POSITION_X, scaled(input.x, picture_.width)},
                                      std::pair{ABS_MT_POSITION_Y, scaled(input.y, picture_.height)}})
      write(touchscreen_, EV_ABS, static_cast<unsigned>(code), value);
    write(touchscreen_, EV_ABS, ABS_X, scaled(input.x, picture_.width));
    write(touchscreen_, EV_ABS, ABS_Y, scaled(input.y, picture_.height));
  }
  const bool none = std::all_of(slots_.begin(), slots_.end(), [](const auto& one) { return !one; });
  if (first || none) write(touchscreen_, EV_KEY, BTN_TOUCH, none ? 0 : 1);
  end(touchscreen_);
}

}  // namespace wfdcast::platform
