#include "rtsp/uibc_packet.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

std::vector<std::uint8_t> bytes(std::string hex) {
  std::erase(hex, ' ');
  return *from_hex(hex);
}

struct Example {
  const char* hex;  // as it is on the wire
  UibcPacket packet;
};
using Action = PointerInput::Action;
using Axis = ScrollInput::Axis;
using Unit = UibcScroll::Unit;
using Usage = UibcHidReport::Usage;
// The touch is the reference's, and so are the two HID reports.
const std::vector<Example> kExamples{
    {"0000000e 00 0006 01 00 0280 0168 00", {.body = UibcPointers{Action::Down, {{0, 640, 360}}}}},
    {"0000000e 01 0006 01 00 0280 0168 00", {.body = UibcPointers{Action::Up, {{0, 640, 360}}}}},
    {"00000012 02 000b 02 00 0001 0002 07 0003 0004",
     {.body = UibcPointers{Action::Move, {{0, 1, 2}, {7, 3, 4}}}}},
    {"0000000c 03 0005 00 0041 0000", {.body = UibcKeys{Press::Down, 'A', 0}}},
    {"0000000c 04 0005 00 0061 0062", {.body = UibcKeys{Press::Up, 'a', 'b'}}},
    {"1000000e ffee 03 0005 00 0041 0000", {.timestamp = 0xFFEE, .body = UibcKeys{Press::Down, 'A', 0}}},
    {"0000000e 05 0006 0010 0020 0180 00", {.body = ZoomInput{16, 32, 0x180}}},
    {"0000000a 06 0002 4003 00", {.body = UibcScroll{Axis::Vertical, Unit::Notches, -3}}},
    {"0000000a 07 0002 2028 00", {.body = UibcScroll{Axis::Horizontal, Unit::Pixels, 40}}},
    {"0000000a 08 0002 ff80 00", {.body = RotateInput{-128}}},
    {"00010012 01 00 00 0009 29 02 00 04 00 00 00 00 00",
     {.body =
          UibcHidReport{UibcPath::Usb, UibcInput::Keyboard, Usage::Input, {0x29, 2, 0, 4, 0, 0, 0, 0, 0}}}},
    {"00010010 01 01 00 0006 28 01 05 fb 00 00 00",
     {.body = UibcHidReport{UibcPath::Usb, UibcInput::Mouse, Usage::Input, {0x28, 1, 5, 0xFB, 0, 0}}}},
    {"0001000a ff 07 01 0001 7f",
     {.body = UibcHidReport{UibcPath::NoSp, UibcInput::RemoteControl, Usage::Descriptor, {0x7F}}}},
};

TEST(UibcPacket, ExamplesBothWays) {
  for (const Example& example : kExamples) {
    const auto wire = bytes(example.hex);
    const auto parsed = parse_uibc_packet(wire);
    ASSERT_TRUE(parsed) << example.hex;
    EXPECT_EQ(*parsed, example.packet) << example.hex;
    EXPECT_EQ(to_hex(as_bytes(serialize(example.packet))), to_hex(wire));
  }
}

UibcError error_of(const char* hex) {
  const auto parsed = parse_uibc_packet(bytes(hex));
  return parsed ? UibcError{99} : parsed.error();
}

TEST(UibcPacket, WhatIsWrongIsNamed) {
  EXPECT_EQ(error_of("00 00 00"), UibcError::BadLength);
  EXPECT_EQ(error_of("0000000c 03 0005"), UibcError::BadLength);
  EXPECT_EQ(error_of("2000000c 03 0005 00 0041 0000"), UibcError::UnknownVersion);
  EXPECT_EQ(error_of("0002000c 03 0005 00 0041 0000"), UibcError::UnknownCategory);
  EXPECT_EQ(error_of("0000000c 09 0005 00 0041 0000"), UibcError::UnknownEvent);
  EXPECT_EQ(error_of("0000000c 03 0006 00 0041 0000"), UibcError::BadBody);  // beyond the packet
  EXPECT_EQ(error_of("0000000c 03 0004 00 0041 0000"), UibcError::BadBody);
  EXPECT_EQ(error_of("0000000e 00 0006 02 00 0280 0168 00"),
            UibcError::BadBody);                                        // two, of which one is there
  EXPECT_EQ(error_of("00000008 00 0001 00"), UibcError::BadBody);       // none
  EXPECT_EQ(error_of("0000000a 06 0002 8003 00"), UibcError::BadBody);  // reserved unit
  EXPECT_EQ(error_of("0001000a 05 00 00 0001 00"), UibcError::UnknownEvent);
  EXPECT_EQ(error_of("0001000a 01 08 00 0001 00"), UibcError::UnknownEvent);
  EXPECT_EQ(error_of("0001000a 01 00 02 0001 00"), UibcError::UnknownEvent);
  EXPECT_EQ(error_of("0001000a 01 00 00 0002 00"), UibcError::BadBody);
}

TEST(UibcPacket, AtMostSixteenPointers) {
  UibcPointers pointers;
  pointers.pointers.resize(kMaxUibcPointers);
  EXPECT_TRUE(parse_uibc_packet(as_bytes(serialize({.body = pointers}))));
  pointers.pointers.resize(kMaxUibcPointers + 1);
  EXPECT_FALSE(parse_uibc_packet(as_bytes(serialize({.body = pointers}))));
}

TEST(UibcPacket, CutAnywhereItIsNoPacketAndNothingBreaks) {
  for (const Example& example : kExamples) {
    auto wire = bytes(example.hex);
    for (std::size_t size = 0; size < wire.size(); ++size) {
      std::vector<std::uint8_t> cut(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(parse_uibc_packet(cut));
      if (cut.size() < kUibcHeader) continue;
      cut[3] = static_cast<std::uint8_t>(size);
      (void)parse_uibc_packet(cut);
    }
  }
}

TEST(UibcReader, CutsTheStreamHoweverItComes) {
  std::string stream;
  for (const Example& example : kExamples) stream += serialize(example.packet);
  for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{7}, stream.size()}) {
    UibcReader reader;
    std::vector<UibcPacket> packets;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      EXPECT_TRUE(reader.receive(as_bytes(std::string_view(stream).substr(at, piece)),
                                 [&](ByteView packet) { packets.push_back(*parse_uibc_packet(packet)); }));
    }
    ASSERT_EQ(packets.size(), kExamples.size());
    for (std::size_t i = 0; i < packets.size(); ++i) EXPECT_EQ(packets[i], kExamples[i].packet);
  }
}

TEST(UibcReader, ALengthThatCannotBeEndsTheStream) {
  const auto ignore = [](ByteView) {};
  EXPECT_FALSE(UibcReader().receive(bytes("0000 0003"), ignore));
  EXPECT_FALSE(UibcReader().receive(bytes("0000 1001"), ignore));
  std::size_t seen = 0;
  UibcReader reader;
  EXPECT_TRUE(reader.receive(bytes("0000 1000"), ignore));
  const std::vector<std::uint8_t> rest(kMaxUibcPacket - kUibcHeader);
  EXPECT_TRUE(reader.receive(rest, [&](ByteView packet) { seen = packet.size(); }));
  EXPECT_EQ(seen, kMaxUibcPacket);
}

}  // namespace
}  // namespace wfdcast::rtsp
