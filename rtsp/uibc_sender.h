#pragma once

#include <string>
#include <vector>

#include "base/input.h"
#include "base/letterbox.h"
#include "rtsp/uibc_packet.h"

namespace wfdcast::rtsp {

// The sink's end of a UIBC connection: what the person does in, bytes out, in
// the categories that were agreed. What none of them can say is left out.
class UibcSender {
 public:
  // `picture`: that of the stream.
  UibcSender(UibcCapability agreed, PictureSize picture);

  // Once, before anything else: the descriptors of the HID devices.
  [[nodiscard]] std::string start() const;
  [[nodiscard]] std::string send(const Input& input);
  // Lets go of all that is held; before the connection ends.
  [[nodiscard]] std::string release();

 private:
  [[nodiscard]] bool generic(UibcInput input) const;
  [[nodiscard]] std::optional<UibcPath> hidc(UibcInput input) const;
  [[nodiscard]] bool points() const;
  // As it was agreed for each kind.
  std::string say(const KeyInput& input);
  std::string say(const PointerInput& input);
  std::string say(const MotionInput& input);
  std::string say(const ButtonInput& input);
  std::string say(const ScrollInput& input) const;
  std::string say(const ZoomInput& input) const;
  std::string say(const RotateInput& input) const;
  [[nodiscard]] std::string keyboard(UibcPath path) const;
  [[nodiscard]] std::string mouse(UibcPath path, int dx, int dy, int wheel = 0, int pan = 0) const;
  void hold(const PointerInput& input);

  UibcCapability agreed_;
  PictureSize picture_;
  std::vector<KeyCode> keys_;  // held
  std::uint8_t buttons_ = 0;   // as in a mouse report
  std::vector<PointerInput> pointers_;
  int x_, y_;  // where the mouse is
};

}  // namespace wfdcast::rtsp
