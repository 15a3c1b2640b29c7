#include "rtsp/group_key.h"

#include <gtest/gtest.h>

namespace wfdcast::rtsp {
namespace {

constexpr std::string_view kText =
    "mki=00000007;key=000102030405060708090a0b0c0d0e0f;salt=101112131415161718191a1b;ssrc=0a0b0c0e;roc=3;seq="
    "65535;"
    "from=60000";

TEST(GroupKey, IsReadAndWritten) {
  const auto key = parse_group_key(kText);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->mki, 7U);
  EXPECT_EQ(key->key.key[15], 0x0f);
  EXPECT_EQ(key->key.salt[11], 0x1b);
  EXPECT_EQ(key->media, Ssrc{0x0a0b0c0e});
  EXPECT_EQ(key->roc, 3U);
  EXPECT_EQ(key->sequence, 65535);
  EXPECT_EQ(key->from, 60000);
  EXPECT_EQ(serialize(*key), kText);
}

TEST(GroupKey, UnknownFieldsAreSkipped) {
  EXPECT_EQ(parse_group_key(std::string(kText) + ";kdr=0"), parse_group_key(kText));
}

TEST(GroupKey, OtherStreamsAreNamed) {
  const std::string text = std::string(kText) + ";also=0000000a:0:7,0000000b:2:65535";
  const auto key = parse_group_key(text);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->others, (std::vector<GroupKey::Other>{{{10}, 0, 7}, {{11}, 2, 65535}}));
  EXPECT_EQ(serialize(*key), text);
  std::string many = std::string(kText) + ";also=a:0:0";
  for (std::size_t i = 0; i < GroupKey::kMaxOthers; ++i) many += ",a:0:0";
  for (const std::string& wrong : {std::string(kText) + ";also=a:0", std::string(kText) + ";also=", many})
    EXPECT_FALSE(parse_group_key(wrong)) << wrong;
}

TEST(GroupKey, EveryFieldMustBeThereAndRight) {
  const std::string text(kText);
  for (std::size_t at = 0; at != std::string::npos; at = text.find(';', at + 1)) {
    std::string without = text;
    without.erase(at, text.find(';', at + 1) - at);
    EXPECT_FALSE(parse_group_key(without)) << without;
  }
  for (const std::string_view wrong : {"seq=65536", "roc=-1", "key=00", "salt=zz", "ssrc=1ffffffff"}) {
    const std::string name(wrong.substr(0, wrong.find('=') + 1));
    std::string changed = text;
    const std::size_t at = changed.find(name);
    changed.replace(at, std::min(changed.find(';', at), changed.size()) - at, wrong);
    EXPECT_FALSE(parse_group_key(changed)) << changed;
  }
}

}  // namespace
}  // namespace wfdcast::rtsp
