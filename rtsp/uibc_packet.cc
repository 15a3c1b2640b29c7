#include "rtsp/uibc_packet.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/overloaded.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::uint8_t kTimestamp = 0x10;  // flag in the first byte
enum class Category : std::uint8_t { Generic, Hidc };
// IE ids of the generic category.
enum class Event : std::uint8_t {
  Down,
  Up,
  Move,
  KeyDown,
  KeyUp,
  Zoom,
  ScrollVertical,
  ScrollHorizontal,
  Rotate
};

// Scroll: unit in bits 15:14, direction in bit 13.
constexpr std::uint16_t kNotches = 0x4000, kUpOrLeft = 0x2000, kAmount = 0x1FFF, kReservedUnit = 0x8000;

// In the order of the numbers on the wire; 255 is a vendor's own.
constexpr std::array kPaths{UibcPath::Infrared, UibcPath::Usb, UibcPath::Bluetooth, UibcPath::Zigbee,
                            UibcPath::Wifi};
constexpr std::array kDevices{UibcInput::Keyboard,   UibcInput::Mouse,        UibcInput::SingleTouch,
                              UibcInput::MultiTouch, UibcInput::Joystick,     UibcInput::Camera,
                              UibcInput::Gesture,    UibcInput::RemoteControl};
constexpr std::uint8_t kVendorPath = 255;

template <class Table, class Value>
std::uint8_t number_in(const Table& table, Value value, std::uint8_t otherwise) {
  const auto found = std::find(table.begin(), table.end(), value);
  return found == table.end() ? otherwise : static_cast<std::uint8_t>(found - table.begin());
}

std::optional<UibcBody> read_pointers(PointerInput::Action action, ByteReader body) {
  UibcPointers pointers{.action = action, .pointers = {}};
  const std::size_t count = body.u8();
  if (count == 0 || count > kMaxUibcPointers) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t id = body.u8();
    const std::uint16_t x = body.u16(), y = body.u16();
    pointers.pointers.push_back({id, x, y});
  }
  if (!body.ok()) return std::nullopt;
  return pointers;
}

std::optional<UibcBody> read_keys(Press press, ByteReader body) {
  body.skip(1);
  const std::uint16_t first = body.u16(), second = body.u16();
  if (!body.ok()) return std::nullopt;
  return UibcKeys{press, first, second};
}

std::optional<UibcBody> read_zoom(ByteReader body) {
  const std::uint16_t x = body.u16(), y = body.u16(), factor = body.u16();
  if (!body.ok()) return std::nullopt;
  return ZoomInput{x, y, factor};
}

std::optional<UibcBody> read_scroll(ScrollInput::Axis axis, ByteReader body) {
  const std::uint16_t bits = body.u16();
  if (!body.ok() || (bits & kReservedUnit) != 0) return std::nullopt;
  const auto amount = static_cast<std::int16_t>(bits & kAmount);
  return UibcScroll{axis, (bits & kNotches) != 0 ? UibcScroll::Unit::Notches : UibcScroll::Unit::Pixels,
                    (bits & kUpOrLeft) != 0 ? amount : static_cast<std::int16_t>(-amount)};
}

std::optional<UibcBody> read_rotation(ByteReader body) {
  const std::uint16_t radians = body.u16();
  if (!body.ok()) return std::nullopt;
  return RotateInput{static_cast<std::int16_t>(radians)};
}

std::optional<UibcBody> read_event(Event event, ByteReader body) {
  switch (event) {
    case Event::Down:
      return read_pointers(PointerInput::Action::Down, body);
    case Event::Up:
      return read_pointers(PointerInput::Action::Up, body);
    case Event::Move:
      return read_pointers(PointerInput::Action::Move, body);
    case Event::KeyDown:
      return read_keys(Press::Down, body);
    case Event::KeyUp:
      return read_keys(Press::Up, body);
    case Event::Zoom:
      return read_zoom(body);
    case Event::ScrollVertical:
      return read_scroll(ScrollInput::Axis::Vertical, body);
    case Event::ScrollHorizontal:
      return read_scroll(ScrollInput::Axis::Horizontal, body);
    case Event::Rotate:
      return read_rotation(body);
  }
  return std::nullopt;
}

Result<UibcBody, UibcError> read_generic(ByteReader& in) {
  const std::uint8_t id = in.u8();
  const ByteReader body(in.bytes(in.u16()));
  if (!in.ok()) return fail(UibcError::BadBody);
  if (id > static_cast<std::uint8_t>(Event::Rotate)) return fail(UibcError::UnknownEvent);
  auto event = read_event(Event{id}, body);
  if (!event) return fail(UibcError::BadBody);
  return std::move(*event);
}

Result<UibcBody, UibcError> read_hidc(ByteReader& in) {
  const std::uint8_t path = in.u8(), device = in.u8(), usage = in.u8();
  const ByteView value = in.bytes(in.u16());
  if (!in.ok()) return fail(UibcError::BadBody);
  if ((path >= kPaths.size() && path != kVendorPath) || device >= kDevices.size() || usage > 1)
    return fail(UibcError::UnknownEvent);
  return UibcHidReport{path == kVendorPath ? UibcPath::NoSp : kPaths[path],
                       kDevices[device],
                       UibcHidReport::Usage{usage},
                       {value.begin(), value.end()}};
}

// Bytes of the body, and its event or nothing.
class BodyWriter {
 public:
  Category category = Category::Generic;

  std::string operator()(const UibcPointers& pointers) const {
    std::string body = u8(pointers.pointers.size());
    for (const auto& pointer : pointers.pointers) body += u8(pointer.id) + u16(pointer.x) + u16(pointer.y);
    const auto action = static_cast<std::uint8_t>(pointers.action);
    return make(Event{action}, body);
  }
  std::string operator()(const UibcKeys& keys) const {
    return make(keys.press == Press::Down ? Event::KeyDown : Event::KeyUp,
                u8(0) + u16(keys.first) + u16(keys.second));
  }
  std::string operator()(const ZoomInput& zoom) const {
    return make(Event::Zoom, u16(zoom.x) + u16(zoom.y) + u16(zoom.factor));
  }
  std::string operator()(const UibcScroll& scroll) const {
    const bool notches = scroll.unit == UibcScroll::Unit::Notches;
    const unsigned bits = (notches ? kNotches : 0u) | (scroll.amount > 0 ? kUpOrLeft : 0u) |
                          (static_cast<unsigned>(std::abs(scroll.amount)) & kAmount);
    return make(scroll.axis == ScrollInput::Axis::Vertical ? Event::ScrollVertical : Event::ScrollHorizontal,
                u16(bits));
  }
  std::string operator()(const RotateInput& rotation) const {
    return make(Event::Rotate, u16(static_cast<std::uint16_t>(rotation.radians)));
  }
  std::string operator()(const UibcHidReport& report) {
    category = Category::Hidc;
    return u8(number_in(kPaths, report.path, kVendorPath)) + u8(number_in(kDevices, report.device, 0)) +
           u8(static_cast<std::size_t>(report.usage)) + u16(report.value.size()) +
           std::string(as_text(report.value));
  }
  static std::string u8(std::size_t value) { return std::string(1, static_cast<char>(value)); }
  static std::string u16(std::size_t value) { return u8(value >> 8 & 0xFF) + u8(value & 0xFF); }

 private:
  static std::string make(Event event, const std::string& body) {
    return u8(static_cast<std::size_t>(event)) + u16(body.size()) + body;
  }
};

}  // namespace

Result<UibcPacket, UibcError> parse_uibc_packet(ByteView packet) {
  ByteReader in(packet);
  const std::uint8_t first = in.u8(), category = in.u8() & 0x0F;
  if (in.u16() != packet.size() || packet.size() < kUibcHeader) return fail(UibcError::BadLength);
  if ((first & 0xE0) != 0) return fail(UibcError::UnknownVersion);
  UibcPacket result;
  if ((first & kTimestamp) != 0) result.timestamp = in.u16();
  if (category > static_cast<std::uint8_t>(Category::Hidc)) return fail(UibcError::UnknownCategory);
  auto body = Category{category} == Category::Generic ? read_generic(in) : read_hidc(in);
  if (!body) return fail(body.error());
  result.body = std::move(*body);
  return result;
}

std::string serialize(const UibcPacket& packet) {
  BodyWriter writer;
  const std::string body = std::visit(writer, packet.body);
  const std::string stamp = packet.timestamp ? BodyWriter::u16(*packet.timestamp) : std::string();
  const std::size_t size = kUibcHeader + stamp.size() + body.size();
  const std::size_t padded = size + size % 2;
  std::string bytes = BodyWriter::u8(packet.timestamp ? kTimestamp : 0) +
                      BodyWriter::u8(static_cast<std::size_t>(writer.category)) + BodyWriter::u16(padded);
  bytes.append(stamp).append(body);
  bytes.resize(padded);
  return bytes;
}

void UibcReader::move(ByteView& bytes, std::size_t until) {
  const std::size_t count = std::min(bytes.size(), until - std::min(until, packet_.size()));
  packet_.insert(packet_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  bytes = bytes.subspan(count);
}

Result<bool, UibcError> UibcReader::take(ByteView& bytes) {
  move(bytes, kUibcHeader);
  if (packet_.size() < kUibcHeader) return false;
  const std::size_t length = static_cast<std::size_t>(packet_[2]) << 8 | packet_[3];
  if (length < kUibcHeader || length > kMaxUibcPacket) return fail(UibcError::BadLength);
  move(bytes, length);
  return packet_.size() == length;
}

}  // namespace wfdcast::rtsp
