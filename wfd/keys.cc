#include "wfd/keys.h"

#include <algorithm>
#include <array>

namespace wfdcast {
namespace {

// In the order of the usages.
constexpr std::array kKeys{Key{KeyCode{30}, 0x04, 'a', 'A', "a", "A"},
                           Key{KeyCode{48}, 0x05, 'b', 'B', "b", "B"},
                           Key{KeyCode{46}, 0x06, 'c', 'C', "c", "C"},
                           Key{KeyCode{32}, 0x07, 'd', 'D', "d", "D"},
                           Key{KeyCode{18}, 0x08, 'e', 'E', "e", "E"},
                           Key{KeyCode{33}, 0x09, 'f', 'F', "f", "F"},
                           Key{KeyCode{34}, 0x0A, 'g', 'G', "g", "G"},
                           Key{KeyCode{35}, 0x0B, 'h', 'H', "h", "H"},
                           Key{KeyCode{23}, 0x0C, 'i', 'I', "i", "I"},
                           Key{KeyCode{36}, 0x0D, 'j', 'J', "j", "J"},
                           Key{KeyCode{37}, 0x0E, 'k', 'K', "k", "K"},
                           Key{KeyCode{38}, 0x0F, 'l', 'L', "l", "L"},
                           Key{KeyCode{50}, 0x10, 'm', 'M', "m", "M"},
                           Key{KeyCode{49}, 0x11, 'n', 'N', "n", "N"},
                           Key{KeyCode{24}, 0x12, 'o', 'O', "o", "O"},
                           Key{KeyCode{25}, 0x13, 'p', 'P', "p", "P"},
                           Key{KeyCode{16}, 0x14, 'q', 'Q', "q", "Q"},
                           Key{KeyCode{19}, 0x15, 'r', 'R', "r", "R"},
                           Key{KeyCode{31}, 0x16, 's', 'S', "s", "S"},
                           Key{KeyCode{20}, 0x17, 't', 'T', "t", "T"},
                           Key{KeyCode{22}, 0x18, 'u', 'U', "u", "U"},
                           Key{KeyCode{47}, 0x19, 'v', 'V', "v", "V"},
                           Key{KeyCode{17}, 0x1A, 'w', 'W', "w", "W"},
                           Key{KeyCode{45}, 0x1B, 'x', 'X', "x", "X"},
                           Key{KeyCode{21}, 0x1C, 'y', 'Y', "y", "Y"},
                           Key{KeyCode{44}, 0x1D, 'z', 'Z', "z", "Z"},
                           Key{KeyCode{2}, 0x1E, '1', '!', "1", "exclam"},
                           Key{KeyCode{3}, 0x1F, '2', '@', "2", "at"},
                           Key{KeyCode{4}, 0x20, '3', '#', "3", "numbersign"},
                           Key{KeyCode{5}, 0x21, '4', '$', "4", "dollar"},
                           Key{KeyCode{6}, 0x22, '5', '%', "5", "percent"},
                           Key{KeyCode{7}, 0x23, '6', '^', "6", "asciicircum"},
                           Key{KeyCode{8}, 0x24, '7', '&', "7", "ampersand"},
                           Key{KeyCode{9}, 0x25, '8', '*', "8", "asterisk"},
                           Key{KeyCode{10}, 0x26, '9', '(', "9", "parenleft"},
                           Key{KeyCode{11}, 0x27, '0', ')', "0", "parenright"},
                           Key{KeyCode{28}, 0x28, '\r', 0, "Return"},
                           Key{KeyCode{1}, 0x29, '\x1B', 0, "Escape"},
                           Key{KeyCode{14}, 0x2A, '\b', 0, "BackSpace"},
                           Key{KeyCode{15}, 0x2B, '\t', 0, "Tab", "ISO_Left_Tab"},
                           Key{KeyCode{57}, 0x2C, ' ', 0, "space"},
                           Key{KeyCode{12}, 0x2D, '-', '_', "minus", "underscore"},
                           Key{KeyCode{13}, 0x2E, '=', '+', "equal", "plus"},
                           Key{KeyCode{26}, 0x2F, '[', '{', "bracketleft", "braceleft"},
                           Key{KeyCode{27}, 0x30, ']', '}', "bracketright", "braceright"},
                           Key{KeyCode{43}, 0x31, '\\', '|', "backslash", "bar"},
                           Key{KeyCode{39}, 0x33, ';', ':', "semicolon", "colon"},
                           Key{KeyCode{40}, 0x34, '\'', '"', "apostrophe", "quotedbl"},
                           Key{KeyCode{41}, 0x35, '`', '~', "grave", "asciitilde"},
                           Key{KeyCode{51}, 0x36, ',', '<', "comma", "less"},
                           Key{KeyCode{52}, 0x37, '.', '>', "period", "greater"},
                           Key{KeyCode{53}, 0x38, '/', '?', "slash", "question"},
                           Key{KeyCode{58}, 0x39, 0, 0, "Caps_Lock"},
                           Key{KeyCode{59}, 0x3A, 0, 0, "F1"},
                           Key{KeyCode{60}, 0x3B, 0, 0, "F2"},
                           Key{KeyCode{61}, 0x3C, 0, 0, "F3"},
                           Key{KeyCode{62}, 0x3D, 0, 0, "F4"},
                           Key{KeyCode{63}, 0x3E, 0, 0, "F5"},
                           Key{KeyCode{64}, 0x3F, 0, 0, "F6"},
                           Key{KeyCode{65}, 0x40, 0, 0, "F7"},
                           Key{KeyCode{66}, 0x41, 0, 0, "F8"},
                           Key{KeyCode{67}, 0x42, 0, 0, "F9"},
                           Key{KeyCode{68}, 0x43, 0, 0, "F10"},
                           Key{KeyCode{87}, 0x44, 0, 0, "F11"},
                           Key{KeyCode{88}, 0x45, 0, 0, "F12"},
                           Key{KeyCode{99}, 0x46, 0, 0, "Print"},
                           Key{KeyCode{70}, 0x47, 0, 0, "Scroll_Lock"},
                           Key{KeyCode{119}, 0x48, 0, 0, "Pause"},
                           Key{KeyCode{110}, 0x49, 0, 0, "Insert"},
                           Key{KeyCode{102}, 0x4A, 0, 0, "Home"},
                           Key{KeyCode{104}, 0x4B, 0, 0, "Page_Up"},
                           Key{KeyCode{111}, 0x4C, '\x7F', 0, "Delete"},
                           Key{KeyCode{107}, 0x4D, 0, 0, "End"},
                           Key{KeyCode{109}, 0x4E, 0, 0, "Page_Down"},
                           Key{KeyCode{106}, 0x4F, 0, 0, "Right"},
                           Key{KeyCode{105}, 0x50, 0, 0, "Left"},
                           Key{KeyCode{108}, 0x51, 0, 0, "Down"},
                           Key{KeyCode{103}, 0x52, 0, 0, "Up"},
                           Key{KeyCode{69}, 0x53, 0, 0, "Num_Lock"},
                           Key{KeyCode{98}, 0x54, 0, 0, "KP_Divide"},
                           Key{KeyCode{55}, 0x55, 0, 0, "KP_Multiply"},
                           Key{KeyCode{74}, 0x56, 0, 0, "KP_Subtract"},
                           Key{KeyCode{78}, 0x57, 0, 0, "KP_Add"},
                           Key{KeyCode{96}, 0x58, 0, 0, "KP_Enter"},
                           Key{KeyCode{79}, 0x59, 0, 0, "KP_1"},
                           Key{KeyCode{80}, 0x5A, 0, 0, "KP_2"},
                           Key{KeyCode{81}, 0x5B, 0, 0, "KP_3"},
                           Key{KeyCode{75}, 0x5C, 0, 0, "KP_4"},
                           Key{KeyCode{76}, 0x5D, 0, 0, "KP_5"},
                           Key{KeyCode{77}, 0x5E, 0, 0, "KP_6"},
                           Key{KeyCode{71}, 0x5F, 0, 0, "KP_7"},
                           Key{KeyCode{72}, 0x60, 0, 0, "KP_8"},
                           Key{KeyCode{73}, 0x61, 0, 0, "KP_9"},
                           Key{KeyCode{82}, 0x62, 0, 0, "KP_0"},
                           Key{KeyCode{83}, 0x63, 0, 0, "KP_Decimal"},
                           Key{KeyCode{86}, 0x64, 0, 0, "102nd"},  // beside the left Shift, in Europe
                           Key{KeyCode{127}, 0x65, 0, 0, "Menu"},
                           Key{KeyCode{117}, 0x67, 0, 0, "KP_Equal"},
                           Key{KeyCode{113}, 0x7F, 0, 0, "XF86AudioMute"},
                           Key{KeyCode{115}, 0x80, 0, 0, "XF86AudioRaiseVolume"},
                           Key{KeyCode{114}, 0x81, 0, 0, "XF86AudioLowerVolume"},
                           Key{KeyCode{121}, 0x85, 0, 0, "KP_Separator"},
                           Key{KeyCode{89}, 0x87, 0, 0, "Ro"},  // in Japan and Brazil
                           Key{KeyCode{93}, 0x88, 0, 0, "Hiragana_Katakana"},
                           Key{KeyCode{124}, 0x89, 0, 0, "yen"},
                           Key{KeyCode{92}, 0x8A, 0, 0, "Henkan"},
                           Key{KeyCode{94}, 0x8B, 0, 0, "Muhenkan"},
                           Key{KeyCode{122}, 0x90, 0, 0, "Hangul"},
                           Key{KeyCode{123}, 0x91, 0, 0, "Hangul_Hanja"},
                           Key{KeyCode{29}, 0xE0, 0, 0, "Control_L"},
                           Key{KeyCode{42}, 0xE1, 0, 0, "Shift_L"},
                           Key{KeyCode{56}, 0xE2, 0, 0, "Alt_L"},
                           Key{KeyCode{125}, 0xE3, 0, 0, "Super_L"},
                           Key{KeyCode{97}, 0xE4, 0, 0, "Control_R"},
                           Key{KeyCode{54}, 0xE5, 0, 0, "Shift_R"},
                           Key{KeyCode{100}, 0xE6, 0, 0, "Alt_R"},
                           Key{KeyCode{126}, 0xE7, 0, 0, "Super_R"}};

template <class Matches>
const Key* find_key_if(Matches matches) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), matches);
  return found == kKeys.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Key> keys() { return kKeys; }

const Key* find_key(KeyCode code) {
  return find_key_if([&](const Key& key) { return key.code == code; });
}

const Key* find_key_by_usage(std::uint8_t usage) {
  return find_key_if([&](const Key& key) { return key.usage == usage; });
}

const Key* find_key_by_name(std::string_view name) {
  return find_key_if(
      [&](const Key& key) { return !name.empty() && (key.name == name || key.shifted_name == name); });
}

const Key* find_key_by_character(char character) {
  if (character == '\n') character = '\r';
  return find_key_if(
      [&](const Key& key) { return character != 0 && (key.plain == character || key.shifted == character); });
}

}  // namespace wfdcast
