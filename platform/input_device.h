#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/input.h"
#include "base/letterbox.h"
#include "base/result.h"
#include "platform/event_loop.h"
#include "platform/fd.h"

struct libevdev;
struct input_event;

namespace wfdcast::platform {

struct EvdevDeleter {
  void operator()(libevdev* device) const;
};

// A keyboard, mouse or touch panel of this host (/dev/input/event0, libevdev),
// taken for itself alone while it is open.
class InputDevice {
 public:
  using OnInput = std::function<void(const Input&)>;
  using OnGone = std::function<void()>;  // unplugged
  [[nodiscard]] static Result<std::unique_ptr<InputDevice>> open(EventLoop& loop, const std::string& path,
                                                                 OnInput on_input, OnGone on_gone);
  // What a touch panel covers shows this picture; touches beside it are dropped.
  void set_picture(const PictureSize& picture) { picture_ = picture; }
  [[nodiscard]] bool touches() const;

 private:
  static constexpr std::size_t kFingers = 16;
  using Device = std::unique_ptr<libevdev, EvdevDeleter>;

  InputDevice(EventLoop& loop, Fd fd, Device device, OnInput on_input, OnGone on_gone);
  void read();
  void let_go();
  void take(const input_event& event);
  void take_key(unsigned code, int value);
  void take_relative(unsigned code, int value);
  void end_of_frame();
  void finger(std::size_t slot, bool down, int x, int y, unsigned x_axis, unsigned y_axis);
  void tell(PointerInput::Action action, std::size_t slot, const PicturePoint& point);
  [[nodiscard]] std::optional<PicturePoint> place(int x, int y, unsigned x_axis, unsigned y_axis) const;

  Fd fd_;
  Device device_;
  OnInput on_input_;
  OnGone on_gone_;
  PictureSize picture_{1280, 720};
  MotionInput motion_;
  std::array<std::optional<PicturePoint>, kFingers> fingers_;  // that are down, and where
  Watch readable_;
};

}  // namespace wfdcast::platform
