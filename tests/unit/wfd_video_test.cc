#include "wfd/video.h"

#include <gtest/gtest.h>

namespace wfdcast {
namespace {

TEST(VideoModes, TablesAreThoseOfWfd) {
  EXPECT_EQ(video_modes().size(), 17 + 29 + 12 + 15u);
  struct Row {
    VideoTable table;
    unsigned index;
    const char* text;
  };
  for (const Row& row : {Row{VideoTable::Cea, 0, "640x480p60"}, Row{VideoTable::Cea, 2, "720x480i60"},
                         Row{VideoTable::Cea, 5, "1280x720p30"}, Row{VideoTable::Cea, 7, "1920x1080p30"},
                         Row{VideoTable::Cea, 8, "1920x1080p60"}, Row{VideoTable::Cea, 9, "1920x1080i60"},
                         Row{VideoTable::Cea, 14, "1920x1080i50"}, Row{VideoTable::Cea, 16, "1920x1080p24"},
                         Row{VideoTable::Vesa, 0, "800x600p30"}, Row{VideoTable::Vesa, 5, "1152x864p60"},
                         Row{VideoTable::Vesa, 16, "1400x1050p30"}, Row{VideoTable::Vesa, 28, "1920x1200p30"},
                         Row{VideoTable::Hh, 0, "800x480p30"}, Row{VideoTable::Hh, 7, "640x360p60"},
                         Row{VideoTable::Hh, 11, "848x480p60"}, Row{VideoTable::Cea, 19, "3840x2160p30"},
                         Row{VideoTable::Cea, 26, "4096x2160p60"}, Row{VideoTable::Vesa, 29, "1920x1200p60"},
                         Row{VideoTable::Vesa, 33, "2560x1600p60"}}) {
    bool found = false;
    for (const VideoMode& mode : video_modes()) {
      if (mode.table == row.table && mode.index == row.index) {
        EXPECT_EQ(to_string(mode), row.text);
        found = true;
      }
    }
    EXPECT_TRUE(found) << row.text;
  }
}

TEST(VideoModes, EachModeHasItsOwnBit) {
  VideoModes seen;
  for (const VideoMode& mode : video_modes()) {
    EXPECT_TRUE((seen & mode.bit()).empty()) << to_string(mode);
    seen = seen | mode.bit();
  }
  EXPECT_EQ(seen, (VideoModes{.cea = 0x7FFFFFF, .vesa = 0x3FFFFFFFFull, .hh = 0xFFF}));
}

TEST(VideoModes, FindsTheProgressiveModeInTableOrder) {
  EXPECT_EQ(find_mode(1280, 720, 30)->index, 5);
  EXPECT_EQ(find_mode(1920, 1080, 50)->index, 13);
  EXPECT_EQ(find_mode(1024, 768, 60)->table, VideoTable::Vesa);
  EXPECT_EQ(find_mode(960, 540, 30)->table, VideoTable::Hh);
  EXPECT_EQ(find_mode(1920, 1080, 31), std::nullopt);
  EXPECT_TRUE(find_mode(3840, 2160, 30)->r2);
  EXPECT_EQ(find_mode(5120, 2160, 30), std::nullopt);
}

TEST(H264Level, IsTheLowestThatHoldsTheMode) {
  EXPECT_EQ(level_for(*find_mode(640, 480, 60)), H264Level::L3_1);
  EXPECT_EQ(level_for(*find_mode(1280, 720, 30)), H264Level::L3_1);
  EXPECT_EQ(level_for(*find_mode(1280, 720, 60)), H264Level::L3_2);
  EXPECT_EQ(level_for(*find_mode(1920, 1080, 30)), H264Level::L4_0);
  EXPECT_EQ(level_for(*find_mode(1920, 1080, 60)), H264Level::L4_2);
  EXPECT_EQ(level_for(*find_mode(1920, 1200, 30)), H264Level::L5_0);  // 9000 macroblocks in a frame
  EXPECT_EQ(level_for({VideoTable::Cea, 9, 1920, 1080, 60, true}), H264Level::L4_0);
}

TEST(H264Level, LimitsTheBitrateToo) {
  EXPECT_EQ(most_bitrate(H264Level::L3_1, H264Profile::ConstrainedBaseline), 14'000'000u);
  EXPECT_EQ(most_bitrate(H264Level::L3_1, H264Profile::ConstrainedHigh), 17'500'000u);
  EXPECT_EQ(most_bitrate(H264Level::L4_0, H264Profile::ConstrainedBaseline), 20'000'000u);
  EXPECT_EQ(most_bitrate(H264Level::L4_2, H264Profile::ConstrainedHigh), 62'500'000u);
  EXPECT_EQ(most_bitrate(H264Level::L5_2, H264Profile::ConstrainedBaseline), 240'000'000u);
}

TEST(H264, NamesAreThoseOfCaps) {
  EXPECT_EQ(to_string(H264Profile::ConstrainedBaseline), "constrained-baseline");
  EXPECT_EQ(to_string(H264Profile::ConstrainedHigh), "constrained-high");
  EXPECT_EQ(to_string(H264Level::L3_1), "3.1");
  EXPECT_EQ(to_string(H264Level::L4_0), "4");
  EXPECT_EQ(to_string(H264Level::L5_2), "5.2");
}

}  // namespace
}  // namespace wfdcast
