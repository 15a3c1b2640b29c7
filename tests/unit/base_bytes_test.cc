#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace wfdcast {
namespace {

TEST(ByteReader, ReadsBigEndianFieldsInOrder) {
  const std::vector<std::uint8_t> bytes{1,  2,  3,  4,  5,  6,  7,  8,  9,   10,
                                        11, 12, 13, 14, 15, 16, 17, 18, 'o', 'k'};
  ByteReader in(bytes);
  EXPECT_EQ(in.u8(), 0x01u);
  EXPECT_EQ(in.u16(), 0x0203u);
  EXPECT_EQ(in.u24(), 0x040506u);
  EXPECT_EQ(in.u32(), 0x0708090Au);
  EXPECT_EQ(in.u64(), 0x0B0C0D0E0F101112u);
  EXPECT_EQ(in.text(2), "ok");
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(ByteReader, ReadingPastTheEndYieldsZeroAndStaysNotOk) {
  const std::vector<std::uint8_t> bytes{0xFF, 0xFF, 0xFF};
  ByteReader in(bytes);
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.remaining(), 0u) << "nothing is read after the first failure";
  EXPECT_EQ(in.u8(), 0u);
  EXPECT_TRUE(in.bytes(0).empty());
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, HugeCountsAreRefused) {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  ByteReader in(bytes);
  EXPECT_TRUE(in.bytes(static_cast<std::size_t>(-1)).empty());
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, SkipsAndReadsTheRest) {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  ByteReader in(bytes);
  in.skip(2);
  EXPECT_EQ(in.remaining(), 1u);
  EXPECT_EQ(in.u8(), 3u);
  EXPECT_TRUE(in.ok());
}

TEST(ByteReader, AnEmptyInputIsOkUntilItIsRead) {
  ByteReader in(ByteView{});
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.bytes(0).empty());
  EXPECT_TRUE(in.ok());
  in.u8();
  EXPECT_FALSE(in.ok());
}

TEST(ByteWriter, IsTheMirrorOfTheReader) {
  std::array<std::uint8_t, 20> memory{};
  ByteWriter out(memory);
  out.u8(0x01);
  out.u16(0x0203);
  out.u24(0x040506);
  out.u32(0x0708090A);
  out.u64(0x0B0C0D0E0F101112);
  out.text("ok");
  ASSERT_TRUE(out.ok());
  ASSERT_EQ(out.size(), 20u);
  for (std::uint8_t i = 0; i < 18; ++i) EXPECT_EQ(out.written()[i], i + 1);
  EXPECT_EQ(as_text(out.written().last(2)), "ok");
}

TEST(ByteWriter, WhatDoesNotFitIsDroppedAsAWhole) {
  std::array<std::uint8_t, 5> memory{};
  ByteWriter out(memory);
  out.u32(0x01020304);
  out.u16(0xFFFF);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(out.size(), 4u);
  EXPECT_EQ(memory[4], 0u);
  out.text("long");
  EXPECT_EQ(out.size(), 4u);
  EXPECT_FALSE(out.ok());
}

TEST(ByteWriter, CutsValuesToTheirWidth) {
  std::array<std::uint8_t, 3> memory{};
  ByteWriter out(memory);
  out.u24(0xAABBCCDD);
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(memory, (std::array<std::uint8_t, 3>{0xBB, 0xCC, 0xDD}));
}

}  // namespace
}  // namespace wfdcast
