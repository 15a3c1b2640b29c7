#include <gtest/gtest.h>

#include "stream/h264.h"
#include "stream/loop_join.h"
#include "stream/ts_feed.h"
#include "tests/unit/ts_checker.h"

namespace wfdcast::stream {
namespace {

using test::Bytes;
using test::read_clip;

Bytes bytes_of(std::initializer_list<int> list) { return {list.begin(), list.end()}; }

// 1280x720, High 3.1, 30 frames a second in the VUI, as x264 writes it.
const Bytes k720p30 =
    bytes_of({0,    0, 0, 1, 0x67, 0x64, 0x00, 0x1F, 0xAC, 0xD9, 0x40, 0x50, 0x05, 0xBB, 0x01,
              0x10, 0, 0, 3, 0,    0x10, 0,    0,    3,    0x03, 0xC0, 0xF1, 0x83, 0x19, 0x60});
// 1920x1080 by cropping 1088 lines, Constrained Baseline 4.0.
const Bytes k1080 = bytes_of({0, 0, 1, 0x67, 0x42, 0xC0, 0x28, 0xD9, 0x00, 0x78, 0x02, 0x27, 0xE5, 0xC0, 0x44,
                              0, 0, 3, 0,    4,    0,    0,    3,    0,    0xF0, 0x3C, 0x60, 0xC9, 0x20});

TEST(FindSps, SizeRateAndProfile) {
  const auto sps = find_sps(k720p30);
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->width, 1280u);
  EXPECT_EQ(sps->height, 720u);
  EXPECT_EQ(sps->rate, 30u);
  EXPECT_EQ(sps->profile, 100);
  EXPECT_EQ(sps->level, 31);
  EXPECT_FALSE(sps->interlaced);
}

TEST(FindSps, CroppedLines) {
  const auto sps = find_sps(k1080);
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->width, 1920u);
  EXPECT_EQ(sps->height, 1080u);
  EXPECT_EQ(sps->rate, 30u);
}

TEST(FindSps, CutOffOrNotThere) {
  EXPECT_FALSE(find_sps({}));
  for (std::size_t size = 0; size < 13; ++size) EXPECT_FALSE(find_sps(ByteView(k720p30).first(size))) << size;
}

TEST(LookAtPicture, KeyAndProfile) {
  const auto key = look_at_picture(k720p30);
  EXPECT_TRUE(key.key);
  EXPECT_EQ(key.profile, (std::array<std::uint8_t, 3>{0x64, 0x00, 0x1F}));
  EXPECT_TRUE(look_at_picture(bytes_of({0, 0, 0, 1, 9, 0x10, 0, 0, 1, 0x65, 0x88})).key);
  EXPECT_FALSE(look_at_picture(bytes_of({0, 0, 0, 1, 9, 0x30, 0, 0, 1, 0x41, 0x9A})).key);
  EXPECT_FALSE(look_at_picture({}).key);
}

TEST(ProbeTs, AClipWhoseSizeIsNoMode) {
  const auto probe = probe_ts(read_clip("plain.ts"));
  ASSERT_TRUE(probe);
  EXPECT_FALSE(probe->format.video);
  EXPECT_EQ(probe->format.audio, AudioFormat::Aac);
  EXPECT_NE(probe->note.find("320x240p30"), std::string::npos) << probe->note;
}

TEST(ProbeTs, Ac3) { EXPECT_EQ(probe_ts(read_clip("ac3_cbr.ts"))->format.audio, AudioFormat::Ac3); }

// plain.ts with another SPS in the place of its own is not a stream that can be
// decoded, but it can be probed.
TEST(ProbeTs, AModeOfWifiDisplay) {
  Bytes clip = read_clip("plain.ts");
  const Bytes start = bytes_of({0, 0, 0, 1, 0x67});
  for (auto at = std::search(clip.begin(), clip.end(), start.begin(), start.end()); at != clip.end();
       at = std::search(at + 1, clip.end(), start.begin(), start.end())) {
    std::copy(k720p30.begin(), k720p30.end(), at);
  }
  const auto probe = probe_ts(clip);
  ASSERT_TRUE(probe);
  ASSERT_TRUE(probe->format.video) << probe->note;
  EXPECT_EQ(probe->format.video->mode, find_mode(1280, 720, 30));
  EXPECT_EQ(probe->format.video->profile, H264Profile::ConstrainedHigh);
  EXPECT_EQ(probe->format.video->level, H264Level::L3_1);
  EXPECT_TRUE(probe->note.empty());
}

TEST(ProbeTs, NothingInIt) {
  EXPECT_FALSE(probe_ts({}));
  EXPECT_FALSE(probe_ts(Bytes(100'000, 0x47)));
  EXPECT_FALSE(probe_ts(Bytes(100'000, 0)));
}

// An AAC frame of that many bytes at 48 kHz.
Bytes adts(std::size_t size) {
  Bytes frame(size, 0x21);
  const Bytes head = bytes_of(
      {0xFF, 0xF1, 0x4C, 0x80, static_cast<int>(size >> 3 & 0xFF), static_cast<int>(size & 7) << 5, 0xFC});
  std::copy(head.begin(), head.end(), frame.begin());
  return frame;
}

TEST(AdtsCounter, CountsFramesInAnySplit) {
  Bytes frames;
  for (const std::size_t size : {300, 7, 513}) {
    const Bytes frame = adts(size);
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  for (std::size_t piece = 1; piece < 20; ++piece) {
    AdtsCounter counter;
    counter.start();
    for (std::size_t at = 0; at < frames.size(); at += piece) {
      counter.feed(ByteView(frames).subspan(at, std::min(piece, frames.size() - at)));
    }
    EXPECT_EQ(counter.duration(), 3 * 1920) << piece;
  }
}

TEST(AdtsCounter, WhatIsNoFrameEndsTheCount) {
  AdtsCounter counter;
  counter.start();
  counter.feed(adts(100));
  counter.feed(Bytes(10'000, 0));
  counter.feed(adts(100));
  EXPECT_EQ(counter.duration(), 1920);
}

PesHeader pes_at(Ticks90 time) { return {.pts = time, .dts = time, .size = 0, .payload_size = 0}; }

TEST(LoopJoin, TheLastPictureHasTheUsualDuration) {
  LoopJoin join;
  for (int i = 0; i < 10; ++i) join.video_pes(pes_at(timestamp_plus(kTimestampModulus - 9000, i * 3000)));
  EXPECT_EQ(join.finish(), 30'000) << "also where the time stamps wrap";
}

TEST(LoopJoin, ABreakInTheFileIsNoFrame) {
  LoopJoin join;
  for (const Ticks90 time : {0, 3000, 6000, 9'000'000, 9'003'000}) join.video_pes(pes_at(time));
  EXPECT_EQ(join.finish(), 9'006'000);
}

TEST(LoopJoin, TheLongerStreamDecides) {
  LoopJoin join;
  for (int i = 0; i < 10; ++i) join.video_pes(pes_at(i * 3000));
  for (int i = 0; i < 20; ++i) {
    const PesHeader header = pes_at(100 + i * 1920);
    join.audio(&header, adts(50), AudioFormat::Aac);
  }
  EXPECT_EQ(join.finish(), 38'400);
  EXPECT_EQ(join.finish(), 0) << "each pass is measured anew";
}

}  // namespace
}  // namespace wfdcast::stream
