#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/input.h"
#include "base/result.h"
#include "wfd/uibc_capability.h"

namespace wfdcast::rtsp {

// Packets of the user input back channel; reference section 3. Coordinates are
// pixels of the stream.
struct UibcPointers {
  PointerInput::Action action = PointerInput::Action::Down;
  struct Pointer {
    std::uint8_t id = 0;
    std::uint16_t x = 0, y = 0;
    bool operator==(const Pointer&) const = default;
  };
  std::vector<Pointer> pointers;  // 1 to kMaxUibcPointers
  bool operator==(const UibcPointers&) const = default;
};
// Up to two keys at once, as characters of Basic Latin; 0: none.
struct UibcKeys {
  Press press = Press::Down;
  std::uint16_t first = 0, second = 0;
  bool operator==(const UibcKeys&) const = default;
};
struct UibcScroll {
  ScrollInput::Axis axis = ScrollInput::Axis::Vertical;
  enum class Unit : std::uint8_t { Pixels, Notches } unit = Unit::Notches;
  std::int16_t amount = 0;  // -8191 to 8191; up and left are positive
  bool operator==(const UibcScroll&) const = default;
};
// A report of a HID device, or its report descriptor.
struct UibcHidReport {
  UibcPath path = UibcPath::Usb;
  UibcInput device = UibcInput::Keyboard;
  enum class Usage : std::uint8_t { Input, Descriptor } usage = Usage::Input;
  std::vector<std::uint8_t> value;
  bool operator==(const UibcHidReport&) const = default;
};
using UibcBody = std::variant<UibcPointers, UibcKeys, ZoomInput, UibcScroll, RotateInput, UibcHidReport>;
struct UibcPacket {
  std::optional<std::uint16_t> timestamp{};  // low half of the RTP time stamp of the picture shown
  UibcBody body;
  bool operator==(const UibcPacket&) const = default;
};

inline constexpr std::size_t kUibcHeader = 4;
inline constexpr std::size_t kMaxUibcPacket = 4096;  // with the report descriptor of a rich device
inline constexpr std::size_t kMaxUibcPointers = 16;

enum class UibcError {
  BadLength,        // of a packet, beyond which there is no other any more
  UnknownVersion,   // skip the packet, and
  UnknownCategory,  // likewise
  UnknownEvent,
  BadBody
};
// One whole packet; what follows its body is padding.
[[nodiscard]] Result<UibcPacket, UibcError> parse_uibc_packet(ByteView packet);
// Of even length. The caller keeps the limits.
[[nodiscard]] std::string serialize(const UibcPacket& packet);

// Cuts a TCP byte stream into packets. After BadLength there are no boundaries
// any more: close the connection.
class UibcReader {
 public:
  template <class Handle>
  [[nodiscard]] Result<void, UibcError> receive(ByteView bytes, Handle handle) {
    while (!bytes.empty()) {
      const auto whole = take(bytes);
      if (!whole) return fail(whole.error());
      if (!*whole) break;
      handle(ByteView(packet_));
      packet_.clear();
    }
    return {};
  }

 private:
  // True: packet_ is a whole one. Advances `bytes`.
  [[nodiscard]] Result<bool, UibcError> take(ByteView& bytes);
  void move(ByteView& bytes, std::size_t until);

  std::vector<std::uint8_t> packet_;
};

}  // namespace wfdcast::rtsp
