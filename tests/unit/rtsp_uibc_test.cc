// Both ends of a UIBC connection, face to face.
#include <gmock/gmock.h>

#include "rtsp/hid_report.h"
#include "rtsp/uibc_capability.h"
#include "rtsp/uibc_receiver.h"
#include "rtsp/uibc_sender.h"
#include "wfd/keys.h"

namespace wfdcast::rtsp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Action = PointerInput::Action;
using Button = ButtonInput::Button;
using Axis = ScrollInput::Axis;
using Inputs = std::vector<Input>;

UibcCapability generic(unsigned inputs) {
  return {.supported = true,
          .generic = true,
          .hidc = false,
          .generic_inputs = static_cast<std::uint8_t>(inputs),
          .hidc_inputs = {},
          .port = 7240};
}
UibcCapability hidc() {
  return {.supported = true,
          .generic = false,
          .hidc = true,
          .generic_inputs = 0,
          .hidc_inputs = {{UibcInput::Keyboard, UibcPath::Usb}, {UibcInput::Mouse, UibcPath::Usb}},
          .port = 7240};
}
constexpr unsigned kKeyboard = 1, kMouse = 2, kMultiTouch = 8;

struct Ends {
  explicit Ends(UibcCapability agreed) : sink(std::move(agreed), {1280, 720}) { (void)arrive(sink.start()); }
  UibcSender sink;
  UibcReceiver source;
  Inputs arrive(const std::string& sent) {
    const auto got = source.receive(as_bytes(sent));
    EXPECT_TRUE(got);
    return got.value_or(Inputs{});
  }
  Inputs send(const Input& input) { return arrive(sink.send(input)); }
};

KeyCode key(std::string_view name) { return find_key_by_name(name)->code; }
Input down(KeyCode code) { return KeyInput{code, Press::Down}; }
Input up(KeyCode code) { return KeyInput{code, Press::Up}; }

TEST(Uibc, GenericPointersKeysAndScrolls) {
  Ends ends(generic(kKeyboard | kMultiTouch));
  for (const Input& input :
       Inputs{PointerInput{Action::Down, 0, 640, 360}, PointerInput{Action::Move, 0, 641, 0},
              PointerInput{Action::Down, 1, 9, 9}, PointerInput{Action::Up, 0, 641, 0},
              ScrollInput{Axis::Vertical, 2}, ScrollInput{Axis::Horizontal, -1}, ZoomInput{1, 2, 300},
              RotateInput{-5}, down(key("q")), up(key("q"))}) {
    EXPECT_THAT(ends.send(input), ElementsAre(input));
  }
}

TEST(Uibc, OnlyOneFingerWhereNoMoreWereAgreed) {
  Ends ends(generic(kMouse));
  EXPECT_THAT(ends.send(PointerInput{Action::Down, 1, 9, 9}), IsEmpty());
}

TEST(Uibc, GenericKeysAreCharacters) {
  Ends ends(generic(kKeyboard));
  EXPECT_THAT(ends.send(down(kRightShift)), IsEmpty());
  EXPECT_THAT(ends.send(down(key("1"))), ElementsAre(down(kLeftShift), down(key("1"))));  // "!"
  EXPECT_THAT(ends.send(down(key("a"))), ElementsAre(down(key("a"))));
  EXPECT_THAT(ends.send(up(kRightShift)), IsEmpty());
  EXPECT_THAT(ends.send(up(key("1"))), ElementsAre(up(key("1"))));
  EXPECT_THAT(ends.send(up(key("a"))), ElementsAre(up(key("a")), up(kLeftShift)));
  EXPECT_THAT(ends.send(down(key("F5"))), IsEmpty());  // no character
}

TEST(Uibc, HidKeyboardKnowsEveryKey) {
  Ends ends(hidc());
  for (const Key& one : keys()) {
    EXPECT_THAT(ends.send(down(one.code)), ElementsAre(down(one.code))) << one.name;
    EXPECT_THAT(ends.send(up(one.code)), ElementsAre(up(one.code))) << one.name;
  }
}

TEST(Uibc, HidMouse) {
  Ends ends(hidc());
  EXPECT_THAT(ends.send(MotionInput{5, -3}), ElementsAre(Input(MotionInput{5, -3})));
  EXPECT_THAT(ends.send(MotionInput{200, 0}),
              ElementsAre(Input(MotionInput{127, 0}), Input(MotionInput{73, 0})));
  for (const Button button : {Button::Left, Button::Right, Button::Middle}) {
    EXPECT_THAT(ends.send(ButtonInput{button, Press::Down}),
                ElementsAre(Input(ButtonInput{button, Press::Down})));
    EXPECT_THAT(ends.send(ButtonInput{button, Press::Up}),
                ElementsAre(Input(ButtonInput{button, Press::Up})));
  }
  EXPECT_THAT(ends.send(ScrollInput{Axis::Vertical, -2}),
              ElementsAre(Input(ScrollInput{Axis::Vertical, -2})));
  EXPECT_THAT(ends.send(ScrollInput{Axis::Horizontal, 1}),
              ElementsAre(Input(ScrollInput{Axis::Horizontal, 1})));
  // A window's pointer, where only HID is taken: from the middle of the picture on.
  EXPECT_THAT(ends.send(PointerInput{Action::Down, 0, 650, 360}),
              ElementsAre(Input(MotionInput{10, 0}), Input(ButtonInput{Button::Left, Press::Down})));
  EXPECT_THAT(ends.send(PointerInput{Action::Up, 0, 650, 360}),
              ElementsAre(Input(ButtonInput{Button::Left, Press::Up})));
}

TEST(Uibc, AMouseWithoutAPlaceGetsOneWhereOnlyPointersWereAgreed) {
  Ends ends(generic(kMouse));
  EXPECT_THAT(ends.send(MotionInput{10, 5}), ElementsAre(Input(PointerInput{Action::Move, 0, 650, 365})));
  EXPECT_THAT(ends.send(MotionInput{32000, -32000}),
              ElementsAre(Input(PointerInput{Action::Move, 0, 1279, 0})));
  EXPECT_THAT(ends.send(ButtonInput{Button::Left, Press::Down}),
              ElementsAre(Input(PointerInput{Action::Down, 0, 1279, 0})));
  EXPECT_THAT(ends.send(ButtonInput{Button::Right, Press::Down}), IsEmpty());
}

TEST(Uibc, WhatIsHeldIsLetGoAtEitherEnd) {
  Ends generics(generic(kKeyboard | kMultiTouch));
  (void)generics.send(PointerInput{Action::Down, 3, 7, 8});
  (void)generics.send(down(kLeftShift));
  (void)generics.send(down(key("x")));
  const auto all_up = ElementsAre(Input(PointerInput{Action::Up, 3, 7, 8}), up(key("x")), up(kLeftShift));
  Ends other = generics;
  EXPECT_THAT(generics.source.release(), all_up);
  EXPECT_THAT(generics.source.release(), IsEmpty());
  // The sink says the same by itself, but for Shift, which is in the character.
  EXPECT_THAT(other.arrive(other.sink.release()), all_up);

  Ends hid(hidc());
  (void)hid.send(down(key("Control_L")));
  (void)hid.send(ButtonInput{Button::Right, Press::Down});
  const auto hid_up =
      testing::UnorderedElementsAre(up(key("Control_L")), Input(ButtonInput{Button::Right, Press::Up}));
  Ends same = hid;
  EXPECT_THAT(hid.source.release(), hid_up);
  EXPECT_THAT(same.arrive(same.sink.release()), hid_up);
  EXPECT_EQ(same.sink.release(), "");
}

TEST(Uibc, AKeyThatIsHeldIsNotPressedAgainAndOneThatIsNotIsNotReleased) {
  Ends ends(generic(kKeyboard | kMouse));
  EXPECT_THAT(ends.send(up(key("x"))), IsEmpty());
  (void)ends.send(down(key("x")));
  EXPECT_THAT(ends.send(down(key("x"))), IsEmpty());
  EXPECT_THAT(ends.send(PointerInput{Action::Up, 0, 1, 1}), IsEmpty());
}

TEST(UibcReceiver, WhatItDoesNotUnderstandIsCountedAndSkipped) {
  UibcReceiver source;
  const auto joystick =
      UibcHidReport{UibcPath::Usb, UibcInput::Joystick, UibcHidReport::Usage::Input, {1, 2}};
  const auto empty = UibcHidReport{UibcPath::Usb, UibcInput::Keyboard, UibcHidReport::Usage::Input, {}};
  const std::string bytes = serialize({.body = joystick}) + serialize({.body = empty}) +
                            serialize({.body = UibcKeys{Press::Down, 0x263A, 0}}) +
                            std::string("\x00\x0F\x00\x04", 4) +
                            serialize({.body = UibcKeys{Press::Down, 'z', 0}});
  const auto got = source.receive(as_bytes(bytes));
  ASSERT_TRUE(got);
  EXPECT_THAT(*got, ElementsAre(down(key("z"))));
  EXPECT_EQ(source.counters().packets, 5u);
  EXPECT_EQ(source.counters().malformed, 4u);
}

TEST(UibcReceiver, ReportsWithoutAnIdToo) {
  UibcReceiver source;
  const auto report = [](UibcInput device, std::vector<std::uint8_t> value) {
    return serialize(
        {.body = UibcHidReport{UibcPath::Usb, device, UibcHidReport::Usage::Input, std::move(value)}});
  };
  EXPECT_THAT(*source.receive(as_bytes(report(UibcInput::Keyboard, {0, 0, 4, 0, 0, 0, 0, 0}))),
              ElementsAre(down(key("a"))));
  EXPECT_THAT(*source.receive(as_bytes(report(UibcInput::Mouse, {0, 1, 2}))),
              ElementsAre(Input(MotionInput{1, 2})));
  // Too many keys at once: the keyboard says so by usage 1.
  EXPECT_THAT(*source.receive(as_bytes(report(UibcInput::Keyboard, {0, 0, 1, 1, 1, 1, 1, 1}))),
              ElementsAre(up(key("a"))));
}

TEST(HidReport, TheDescriptorSaysWhetherThereIsAnId) {
  EXPECT_TRUE(hid_reports_have_id(keyboard_descriptor()));
  EXPECT_TRUE(hid_reports_have_id(mouse_descriptor()));
  const std::vector<std::uint8_t> without{0x05, 0x01, 0x09, 0x02, 0x26, 0x85,
                                          0x00, 0xFE, 0x01, 0x00, 0x85, 0xC0};
  EXPECT_FALSE(hid_reports_have_id(without));
  const std::vector<std::uint8_t> cut{0x27, 0x85};
  EXPECT_FALSE(hid_reports_have_id(cut));
}

TEST(UibcCapability, WhatBothCan) {
  UibcCapability source = hidc();
  source.generic = true;
  source.generic_inputs = kKeyboard | kMouse;
  UibcCapability sink = generic(kMouse | kMultiTouch);
  sink.port.reset();
  const UibcCapability both = common(source, sink);
  EXPECT_EQ(serialize(both),
            "input_category_list=GENERIC;generic_cap_list=Mouse;hidc_cap_list=none;port=7240");
  EXPECT_FALSE(common(hidc(), sink).supported);
  EXPECT_TRUE(common(hidc(), hidc()).hidc);
}

}  // namespace
}  // namespace wfdcast::rtsp
