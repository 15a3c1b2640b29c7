#include "wfd/keys.h"

#include <gtest/gtest.h>

#include <set>

namespace wfdcast {
namespace {

TEST(Keys, EveryCodeUsageCharacterAndNameStandsForOneKey) {
  std::set<KeyCode> codes;
  std::set<std::uint8_t> usages;
  std::set<char> characters;
  std::set<std::string_view> names;
  for (const Key& key : keys()) {
    EXPECT_TRUE(codes.insert(key.code).second) << key.name;
    EXPECT_TRUE(usages.insert(key.usage).second) << key.name;
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(key.shifted_name.empty() || names.insert(key.shifted_name).second) << key.name;
    for (const char character : {key.plain, key.shifted})
      EXPECT_TRUE(character == 0 || characters.insert(character).second) << key.name;
    EXPECT_EQ(find_key(key.code), &key);
    EXPECT_EQ(find_key_by_usage(key.usage), &key);
    EXPECT_EQ(find_key_by_name(key.name), &key);
  }
}

TEST(Keys, AllOfAsciiCanBeTyped) {
  for (char character = ' '; character <= '~'; ++character)
    EXPECT_NE(find_key_by_character(character), nullptr) << character;
}

TEST(Keys, FoundByEachOfTheirNames) {
  EXPECT_EQ(find_key_by_character('!'), find_key_by_name("1"));
  EXPECT_EQ(find_key_by_name("exclam"), find_key(KeyCode{2}));
  EXPECT_EQ(find_key_by_character('\n'), find_key_by_name("Return"));
  EXPECT_EQ(find_key_by_name("Shift_L")->code, kLeftShift);
  EXPECT_EQ(find_key_by_name("Shift_R")->code, kRightShift);
}

TEST(Keys, KeyboardsOfEuropeAndAsiaHaveAllOfTheirs) {
  for (const auto& [code, usage] : {std::pair{86, 0x64}, {89, 0x87}, {124, 0x89}, {92, 0x8A}, {122, 0x90}}) {
    const Key* const key = find_key(KeyCode{static_cast<std::uint16_t>(code)});
    ASSERT_NE(key, nullptr) << code;
    EXPECT_EQ(key->usage, usage);
  }
}

TEST(Keys, WhatIsNoKeyIsNotFound) {
  EXPECT_EQ(find_key(KeyCode{0}), nullptr);
  EXPECT_EQ(find_key_by_usage(1), nullptr);
  EXPECT_EQ(find_key_by_name(""), nullptr);
  EXPECT_EQ(find_key_by_name("Hyper_L"), nullptr);
  EXPECT_EQ(find_key_by_character('\0'), nullptr);
  EXPECT_EQ(find_key_by_character('\x01'), nullptr);
}

}  // namespace
}  // namespace wfdcast
