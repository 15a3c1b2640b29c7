#include "stream/picture_watch.h"

#include <gtest/gtest.h>

#include "stream/ts_packet.h"
#include "tests/unit/ts_checker.h"

namespace wfdcast::stream {
namespace {

constexpr Time kStart{1000s};
constexpr Duration kPatience = PictureWatch::kPatience;
using test::Bytes;

// A TS packet that begins a PES packet of `stream_id` with this NAL unit.
Bytes picture(std::uint8_t nal, std::uint8_t stream_id = 0xE0, bool random_access = false) {
  Bytes bytes{kSyncByte, 0x50, 0x11, 0x30, 1, static_cast<std::uint8_t>(random_access ? 0x40 : 0)};
  bytes.insert(bytes.end(), {0, 0, 1, stream_id, 0, 0, 0x80, 0, 0, 0, 0, 0, 1, nal, 0x80});
  bytes.resize(kTsPacket, 0xFF);
  return bytes;
}
const Bytes kIdr = picture(0x65), kOther = picture(0x41);

PictureWatch started() {
  PictureWatch watch;
  watch.begin(kStart);
  return watch;
}

TEST(PictureWatch, AsksOnceWhereNothingComesAtTheStart) {
  PictureWatch watch = started();
  EXPECT_EQ(watch.next_deadline(), kStart + kPatience);
  EXPECT_FALSE(watch.due(kStart + kPatience - 1ns));
  EXPECT_TRUE(watch.due(kStart + kPatience));
  EXPECT_TRUE(watch.due(kStart + 2 * kPatience)) << "and once more in the silence";
  EXPECT_FALSE(watch.due(kStart + 100 * kPatience));
  EXPECT_EQ(watch.next_deadline(), std::nullopt);
}

TEST(PictureWatch, AsksWherePacketsComeAndNoKeyPicture) {
  PictureWatch watch = started();
  watch.arrived(kOther, kStart + kPatience - 1ms);
  EXPECT_TRUE(watch.due(kStart + kPatience));
}

TEST(PictureWatch, IsContentWithAKeyPictureHoweverItIsKnown) {
  for (const Bytes& key : {kIdr, picture(0x67), picture(0x41, 0xE0, true)}) {
    PictureWatch watch = started();
    Bytes datagram = kOther;
    datagram.insert(datagram.end(), key.begin(), key.end());
    watch.arrived(datagram, kStart + 1s);
    EXPECT_EQ(watch.next_deadline(), kStart + 1s + kPatience) << "the silence after it";
  }
  PictureWatch watch = started();
  watch.arrived(picture(0x41, 0xC0, true), kStart + 1s);
  EXPECT_EQ(watch.next_deadline(), kStart + kPatience) << "a sound is none";
}

TEST(PictureWatch, FindsItInTheStreamsOfOthers) {
  for (const char* name : {"gst.ts", "plain.ts", "b_frames.ts"}) {
    PictureWatch watch = started();
    const Bytes stream = test::read_clip(name);
    for (std::size_t at = 0; at + kTsPacket <= stream.size(); at += kTsPacket)
      watch.arrived(ByteView(stream).subspan(at, kTsPacket), kStart + 1s);
    EXPECT_EQ(watch.next_deadline(), kStart + 1s + kPatience) << name;
  }
}

TEST(PictureWatch, AsksOnceInEachSilence) {
  PictureWatch watch = started();
  watch.arrived(kIdr, kStart);
  watch.arrived(kOther, kStart + 1s);
  EXPECT_FALSE(watch.due(kStart + kPatience));
  EXPECT_TRUE(watch.due(kStart + 1s + kPatience));
  EXPECT_FALSE(watch.due(kStart + 60s));
  watch.arrived(kOther, kStart + 61s);
  EXPECT_TRUE(watch.due(kStart + 61s + kPatience));
}

TEST(PictureWatch, AKeyPictureMayOvertakeTheAnswerToPlay) {
  PictureWatch watch;
  watch.arrived(kIdr, kStart - 1ms);
  EXPECT_EQ(watch.next_deadline(), std::nullopt);
  watch.begin(kStart);
  watch.arrived(kOther, kStart + 1s);
  EXPECT_FALSE(watch.due(kStart + kPatience));
}

TEST(PictureWatch, IsSilentWhilePausedAndBeforeTheStart) {
  PictureWatch watch;
  watch.arrived(kOther, kStart);
  EXPECT_EQ(watch.next_deadline(), std::nullopt);
  watch.begin(kStart);
  watch.end();
  EXPECT_FALSE(watch.due(kStart + 60s));
}

}  // namespace
}  // namespace wfdcast::stream
