#include "daemon/display_edid.h"

#include <gtest/gtest.h>

#include <fstream>

namespace wfdcast::daemon {
namespace {

std::string edid_of(const std::string& content) {
  const std::string path = testing::TempDir() + "edid-" + std::to_string(content.size());
  std::ofstream(path, std::ios::binary) << content;
  return display_edid(path);
}

std::string blocks(std::size_t count) {
  const std::string begin("\0\xff\xff\xff\xff\xff\xff\0", 8);
  return begin + std::string(count * 128 - begin.size(), 'e');
}

TEST(DisplayEdid, WholeBlocksInHex) {
  const std::string one = edid_of(blocks(1));
  EXPECT_EQ(one.size(), 256u);
  EXPECT_TRUE(one.starts_with("00ffffffffffff0065"));
  EXPECT_EQ(edid_of(blocks(2)).size(), 512u);
  EXPECT_EQ(edid_of(blocks(2) + "half a block").size(), 512u);
  EXPECT_EQ(edid_of(blocks(9)).size(), 4 * 256u);
}

TEST(DisplayEdid, WhatIsNoneIsNone) {
  EXPECT_EQ(display_edid(""), "");
  EXPECT_EQ(display_edid("/nowhere/edid"), "");
  EXPECT_EQ(edid_of(""), "");
  EXPECT_EQ(edid_of(std::string(128, 'x')), "");
  EXPECT_EQ(edid_of(blocks(1).substr(0, 100)), "");
}

}  // namespace
}  // namespace wfdcast::daemon
