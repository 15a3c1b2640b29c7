#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/input.h"
#include "base/letterbox.h"
#include "base/result.h"

struct libevdev_uinput;

namespace wfdcast::platform {

struct UinputDeleter {
  void operator()(libevdev_uinput* device) const;
};

// A keyboard, a mouse and a touchscreen that the kernel takes for real ones
// (/dev/uinput, libevdev). They go when this goes.
class VirtualInput {
 public:
  // How a pointer acts: as the mouse, or as fingers.
  enum class Pointing { Mouse, Touch };
  // The error says what lacks: no such file, no permission.
  [[nodiscard]] static Result<std::unique_ptr<VirtualInput>> open();

  void set_picture(const PictureSize& picture) { picture_ = picture; }
  void set_pointing(Pointing pointing) { pointing_ = pointing; }
  // Zooming and rotating are no events of such devices, and are left out.
  void emit(const Input& input);

 private:
  using Device = std::unique_ptr<libevdev_uinput, UinputDeleter>;
  static constexpr std::size_t kFingers = 16;

  VirtualInput(Device keyboard, Device mouse, Device touchscreen);
  static void write(const Device& device, unsigned type, unsigned code, int value);
  static void end(const Device& device);
  void emit_one(const KeyInput& input);
  void emit_one(const PointerInput& input);
  void emit_one(const MotionInput& input);
  void emit_one(const ButtonInput& input);
  void emit_one(const ScrollInput& input);
  void emit_one(const ZoomInput&) {}
  void emit_one(const RotateInput&) {}
  void place_mouse(const PointerInput& input);
  void touch(const PointerInput& input);

  Device keyboard_, mouse_, touchscreen_;
  PictureSize picture_{1280, 720};
  Pointing pointing_ = Pointing::Mouse;
  std::array<std::optional<std::uint8_t>, kFingers> slots_;  // the pointer that each has
  int next_tracking_ = 0;
};

}  // namespace wfdcast::platform
