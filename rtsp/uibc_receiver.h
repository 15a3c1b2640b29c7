#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/input.h"
#include "rtsp/uibc_packet.h"

namespace wfdcast::rtsp {

// The source's end of a UIBC connection: bytes in, what the person does out. It
// knows what is held down, so that nothing stays so when the connection ends.
class UibcReceiver {
 public:
  struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t malformed = 0;  // or of a category, event or device that we do not know: skipped
  };

  // The error: the bytes are no UIBC; close the connection.
  [[nodiscard]] Result<std::vector<Input>, UibcError> receive(ByteView bytes);
  // Lets go of all that is held.
  [[nodiscard]] std::vector<Input> release();
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  using Inputs = std::vector<Input>;
  void read(const UibcPointers& pointers, Inputs& out);
  void read(const UibcKeys& keys, Inputs& out);
  void read(const ZoomInput& zoom, Inputs& out);
  void read(const UibcScroll& scroll, Inputs& out);
  void read(const RotateInput& rotation, Inputs& out);
  void read(const UibcHidReport& report, Inputs& out);
  void read_character(Press press, std::uint16_t character, Inputs& out);
  void read_keyboard(ByteView report, Inputs& out);
  void read_mouse(ByteView report, Inputs& out);
  void set_key(KeyCode key, Press press, Inputs& out);
  void set_button(ButtonInput::Button button, Press press, Inputs& out);

  UibcReader reader_;
  Counters counters_;
  std::vector<KeyCode> keys_;           // held; each once
  std::vector<std::uint16_t> shifted_;  // characters held that need Shift, which we press for them
  std::vector<PointerInput> pointers_;
  std::vector<std::uint8_t> usages_;  // of the last keyboard report
  std::array<bool, 3> buttons_{};
  // Whether reports begin with an id; by the descriptor, else by their size.
  std::optional<bool> keyboard_has_id_, mouse_has_id_;
};

}  // namespace wfdcast::rtsp
