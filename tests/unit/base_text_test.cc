#include "base/text.h"

#include <gtest/gtest.h>

namespace wfdcast {
namespace {

TEST(Trim, TakesBlanksAndTabsFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("\n"), "\n") << "a line end is not a blank";
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a; b ;;c", ';'), (std::vector<std::string_view>{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ';'), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split(";", ';'), (std::vector<std::string_view>{"", ""}));
}

TEST(IEquals, ComparesAsciiLettersOnly) {
  EXPECT_TRUE(iequals("CSeq", "cSEQ"));
  EXPECT_FALSE(iequals("CSeq", "CSe"));
  EXPECT_FALSE(iequals("[", "{")) << "these differ in the bit that tells the case of letters";
  EXPECT_FALSE(iequals("\xC3\x84", "\xC3\xA4")) << "not ASCII";
}

TEST(ToLower, LeavesEverythingButAsciiLetters) { EXPECT_EQ(to_lower("AZ[\xC3\x84 09"), "az[\xC3\x84 09"); }

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint16_t>("7236"), 7236);
  EXPECT_EQ(parse_number<std::uint32_t>("1C44", 16), 0x1C44u);
  EXPECT_EQ(parse_number<int>("-5"), -5);
  for (const auto* text : {"", "-1", "+1", " 1", "1 ", "1x", "0x10", "99999999999999999999"}) {
    EXPECT_EQ(parse_number<std::uint32_t>(text), std::nullopt) << text;
  }
}

TEST(Hex, GoesThereAndBack) {
  const std::vector<std::uint8_t> bytes{0x00, 0x1C, 0x44, 0xFF};
  EXPECT_EQ(to_hex(bytes), "001c44ff");
  EXPECT_EQ(from_hex("001c44ff"), bytes);
  EXPECT_EQ(from_hex("001C44FF"), bytes);
  EXPECT_EQ(from_hex(""), std::vector<std::uint8_t>{});
}

TEST(Hex, RefusesOddCountsAndOtherCharacters) {
  for (const auto* text : {"0", "001", "0g", "g0", "0x", "00 ", " 00", "@@", "``"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
}

TEST(Printable, KeepsOrdinaryText) {
  const std::string_view text = "Hörsaal 3 – 会议室 \xF0\x9F\x93\xBA";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, RemovesControlCharacters) {
  EXPECT_EQ(printable(std::string_view("a\0b\x1B[31mc\x7F\r\nd", 13)), "ab[31mcd");
  EXPECT_EQ(printable("a\xC2\x80\xC2\x9F"
                      "b"),
            "ab")
      << "C1 controls: CSI is U+009B";
}

TEST(Printable, RemovesBidirectionalOverridesAndLineSeparators) {
  // U+202E, U+2066, U+200F, U+061C, U+2028, U+FEFF
  EXPECT_EQ(printable("gpj.\xE2\x80\xAE"
                      "exe\xE2\x81\xA6\xE2\x80\x8F\xD8\x9C\xE2\x80\xA8\xEF\xBB\xBF."),
            "gpj.exe.");
}

// RFC 3629 section 3: bytes that never start a character, overlong forms,
// surrogates, and what lies above U+10FFFF.
TEST(Printable, RemovesInvalidUtf8) {
  for (const auto* hostile :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF",
        "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE",
        "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x93"}) {
    EXPECT_EQ(printable(hostile), "") << to_hex(as_bytes(hostile));
    EXPECT_EQ(printable(std::string("a") + hostile + "b"), "ab") << to_hex(as_bytes(hostile));
  }
}

TEST(Printable, ATruncatedCharacterDoesNotSwallowTheNext) {
  EXPECT_EQ(printable("\xE2\x82"
                      "A"),
            "A");
  EXPECT_EQ(printable("\xF0\x9F\xC3\xB6"), "ö");
}

TEST(Printable, RemovalNeverMakesANewHiddenCharacter) {
  // Without the control character in the middle the rest would be U+202E.
  const std::string hostile = "\xE2\x01\x80\xAE";
  EXPECT_EQ(printable(hostile), "");
  for (int lead = 0; lead < 256; ++lead) {
    for (int next = 0; next < 256; ++next) {
      const std::string text{static_cast<char>(lead), static_cast<char>(next), '\x80', '\xAE', 'x'};
      const std::string once = printable(text);
      EXPECT_EQ(printable(once), once) << to_hex(as_bytes(text));
    }
  }
}

}  // namespace
}  // namespace wfdcast
