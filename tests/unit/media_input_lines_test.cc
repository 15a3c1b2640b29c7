#include "media/input_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace wfdcast::media {
namespace {

using Action = PointerInput::Action;

TEST(InputLines, EachForm) {
  EXPECT_EQ(parse_input_line("key down Return"), Input(KeyInput{KeyCode{28}, Press::Down}));
  EXPECT_EQ(parse_input_line("key up exclam"), Input(KeyInput{KeyCode{2}, Press::Up}));
  EXPECT_EQ(parse_input_line("pointer down 0 640 360"), Input(PointerInput{Action::Down, 0, 640, 360}));
  EXPECT_EQ(parse_input_line("pointer up 3 0 0"), Input(PointerInput{Action::Up, 3, 0, 0}));
  EXPECT_EQ(parse_input_line("pointer move 0 1 2"), Input(PointerInput{Action::Move, 0, 1, 2}));
  EXPECT_EQ(parse_input_line("button down middle"),
            Input(ButtonInput{ButtonInput::Button::Middle, Press::Down}));
  EXPECT_EQ(parse_input_line("scroll vertical -2"), Input(ScrollInput{ScrollInput::Axis::Vertical, -2}));
  EXPECT_EQ(parse_input_line("scroll horizontal 1"), Input(ScrollInput{ScrollInput::Axis::Horizontal, 1}));
}

TEST(InputLines, OtherLinesAreNone) {
  for (const char* line :
       {"", "key", "key down", "key down Nothing", "key press a", "pointer down 0 640",
        "pointer down 256 1 1", "pointer move 0 -1 2", "pointer drag 0 1 2", "button down",
        "button down thumb", "scroll vertical", "scroll up 1", "scroll vertical x", "hello world"})
    EXPECT_FALSE(parse_input_line(line)) << line;
}

std::vector<std::string> cut(std::initializer_list<std::string> pieces) {
  LineCutter cutter;
  std::vector<std::string> lines;
  for (const std::string& piece : pieces)
    cutter.push(piece, [&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

TEST(LineCutter, LinesHoweverTheyCome) {
  EXPECT_EQ(cut({"one\ntw", "o", "\n\nthree"}), (std::vector<std::string>{"one", "two", ""}));
  const std::string longest(LineCutter::kMaxLine, 'a');
  EXPECT_EQ(cut({longest + "\n"}), std::vector{longest});
  EXPECT_EQ(cut({longest, "b\nnext\n"}), std::vector<std::string>{"next"});
}

}  // namespace
}  // namespace wfdcast::media
