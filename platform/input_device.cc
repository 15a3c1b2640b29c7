#include "platform/input_device.h"

#include <fcntl.h>
#include <libevdev/libevdev.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace wfdcast::platform {
namespace {

using Action = PointerInput::Action;

// Codes from here on are buttons, not keys.
constexpr unsigned kFirstButton = BTN_MISC;

std::int16_t sum(std::int16_t before, int more) {
  return static_cast<std::int16_t>(std::clamp(before + more, -32767, 32767));
}

double part(const libevdev* device, unsigned axis, int value) {
  const int least = libevdev_get_abs_minimum(device, axis), most = libevdev_get_abs_maximum(device, axis);
  return most > least ? double(value - least) / (double(most) - least) : 0;
}

// Width by height of what the axes cover; 0 where the device does not tell.
double aspect(const libevdev* device, unsigned x_axis, unsigned y_axis) {
  const auto length = [&](unsigned axis) {
    const int units = libevdev_get_abs_resolution(device, axis);
    const double span =
        double(libevdev_get_abs_maximum(device, axis)) - libevdev_get_abs_minimum(device, axis);
    return units > 0 ? span / units : 0;
  };
  return length(y_axis) > 0 ? length(x_axis) / length(y_axis) : 0;
}

}  // namespace

void EvdevDeleter::operator()(libevdev* device) const { libevdev_free(device); }

Result<std::unique_ptr<InputDevice>> InputDevice::open(EventLoop& loop, const std::string& path,
                                                       OnInput on_input, OnGone on_gone) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return fail(std::error_code(errno, std::system_category()));
  libevdev* device = nullptr;
  if (const int error = libevdev_new_from_fd(fd.get(), &device); error < 0)
    return fail(std::error_code(-error, std::system_category()));
  Device owned(device);
  if (const int error = libevdev_grab(device, LIBEVDEV_GRAB); error < 0)
    return fail(std::error_code(-error, std::system_category()));
  return std::unique_ptr<InputDevice>(
      new InputDevice(loop, std::move(fd), std::move(owned), std::move(on_input), std::move(on_gone)));
}

InputDevice::InputDevice(EventLoop& loop, Fd fd, Device device, OnInput on_input, OnGone on_gone)
    : fd_(std::move(fd)),
      device_(std::move(device)),
      on_input_(std::move(on_input)),
      on_gone_(std::move(on_gone)),
      readable_(loop, fd_.get(), Watch::On::Read, [this] { read(); }) {}

bool InputDevice::touches() const {
  return libevdev_has_event_code(device_.get(), EV_ABS, ABS_MT_POSITION_X) == 1 ||
         libevdev_has_event_code(device_.get(), EV_KEY, BTN_TOUCH) == 1;
}

// After an overflow libevdev tells the differences in the same way.
void InputDevice::read() {
  unsigned flag = LIBEVDEV_READ_FLAG_NORMAL;
  while (true) {
    input_event event{};
    const int status = libevdev_next_event(device_.get(), flag, &event);
    if (status == -EAGAIN && flag == LIBEVDEV_READ_FLAG_SYNC) {
      flag = LIBEVDEV_READ_FLAG_NORMAL;
    } else if (status == -EAGAIN) {
      return;
    } else if (status < 0) {
      readable_.disable();
      let_go();
      return on_gone_();
    } else {
      flag = status == LIBEVDEV_READ_STATUS_SYNC ? LIBEVDEV_READ_FLAG_SYNC : LIBEVDEV_READ_FLAG_NORMAL;
      take(event);
    }
  }
}

// The kernel does that as well, but a device that is gone is not read any more.
void InputDevice::let_go() {
  for (unsigned code = 0; code <= KEY_MAX; ++code) {
    if (libevdev_get_event_value(device_.get(), EV_KEY, code) != 0) take_key(code, 0);
  }
  for (std::size_t slot = 0; slot < fingers_.size(); ++slot) {
    if (const auto before = std::exchange(fingers_[slot], std::nullopt)) tell(Action::Up, slot, *before);
  }
}

void InputDevice::take(const input_event& event) {
  if (event.type == EV_KEY) take_key(event.code, event.value);
  if (event.type == EV_REL) take_relative(event.code, event.value);
  if (event.type == EV_SYN && event.code == SYN_REPORT) end_of_frame();
}

void InputDevice::take_key(unsigned code, int value) {
  constexpr int kRepeat = 2;  // the source's desktop repeats by itself
  if (value == kRepeat) return;
  const Press press = value != 0 ? Press::Down : Press::Up;
  if (code < kFirstButton) return on_input_(KeyInput{KeyCode{static_cast<std::uint16_t>(code)}, press});
  if (libevdev_has_event_type(device_.get(), EV_ABS) == 1) return;  // touches: with their place, in the frame
  using Button = ButtonInput::Button;
  if (code == BTN_LEFT) on_input_(ButtonInput{Button::Left, press});
  if (code == BTN_RIGHT) on_input_(ButtonInput{Button::Right, press});
  if (code == BTN_MIDDLE) on_input_(ButtonInput{Button::Middle, press});
}

void InputDevice::take_relative(unsigned code, int value) {
  using Axis = ScrollInput::Axis;
  if (code == REL_X) motion_.dx = sum(motion_.dx, value);
  if (code == REL_Y) motion_.dy = sum(motion_.dy, value);
  if (code == REL_WHEEL) on_input_(ScrollInput{Axis::Vertical, sum(0, value)});
  if (code == REL_HWHEEL) on_input_(ScrollInput{Axis::Horizontal, sum(0, -value)});
}

void InputDevice::end_of_frame() {
  if (motion_ != MotionInput{}) on_input_(std::exchange(motion_, MotionInput{}));
  libevdev* const device = device_.get();
  const int slots = std::min(libevdev_get_num_slots(device), static_cast<int>(kFingers));
  for (int slot = 0; slot < slots; ++slot) {
    const auto value = [&](unsigned code) {
      return libevdev_get_slot_value(device, static_cast<unsigned>(slot), code);
    };
    finger(static_cast<std::size_t>(slot), value(ABS_MT_TRACKING_ID) >= 0, value(ABS_MT_POSITION_X),
           value(ABS_MT_POSITION_Y), ABS_MT_POSITION_X, ABS_MT_POSITION_Y);
  }
  if (slots > 0 || libevdev_has_event_code(device, EV_ABS, ABS_X) == 0) return;
  const bool down = libevdev_get_event_value(device, EV_KEY, BTN_TOUCH) != 0 ||
                    libevdev_get_event_value(device, EV_KEY, BTN_LEFT) != 0;
  finger(0, down, libevdev_get_event_value(device, EV_ABS, ABS_X),
         libevdev_get_event_value(device, EV_ABS, ABS_Y), ABS_X, ABS_Y);
}

// One that leaves the picture is lifted at its edge; one that began beside it does not count.
void InputDevice::finger(std::size_t slot, bool down, int x, int y, unsigned x_axis, unsigned y_axis) {
  const auto now = down ? place(x, y, x_axis, y_axis) : std::nullopt;
  const auto before = std::exchange(fingers_[slot], now);
  if (now == before) return;
  if (!now) return tell(Action::Up, slot, *before);
  tell(before ? Action::Move : Action::Down, slot, *now);
}

void InputDevice::tell(Action action, std::size_t slot, const PicturePoint& point) {
  on_input_(PointerInput{action, static_cast<std::uint8_t>(slot), point.x, point.y});
}

std::optional<PicturePoint> InputDevice::place(int x, int y, unsigned x_axis, unsigned y_axis) const {
  const libevdev* const device = device_.get();
  return picture_point(part(device, x_axis, x), part(device, y_axis, y), aspect(device, x_axis, y_axis),
                       picture_);
}

}  // namespace wfdcast::platform
