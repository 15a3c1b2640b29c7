#include "wfd/stream_format.h"

#include <gtest/gtest.h>

namespace wfdcast {
namespace {

constexpr std::uint8_t kBaseline = 0x01, kHigh = 0x02;

SourceCapabilities encoder() {
  return {.modes = {.cea = 0x1FFFF, .vesa = 0x1FFFFFFF, .hh = 0xFFF},
          .profiles = kBaseline | kHigh,
          .level = H264Level::L4_2,
          .audio = {AudioFormat::Aac}};
}

SinkCapabilities display(std::uint8_t profiles, std::uint8_t level, VideoModes modes) {
  SinkCapabilities sink;
  sink.video = {{.profiles = profiles, .level = level, .modes = modes}};
  sink.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}, {AudioFormat::Aac, kAac48kStereo, 0}};
  return sink;
}

std::string chosen(const SourceCapabilities& source, const SinkCapabilities& sink) {
  const auto format = choose_format(source, sink);
  return format ? to_string(*format) : format.error();
}

TEST(StreamFormat, IsTheMostPixelsASecondThatBothCan) {
  EXPECT_EQ(chosen(encoder(), display(kBaseline, 0x10, {.cea = 0x1E1})),
            "1920x1080p60 H.264 constrained-baseline 4.2, AAC");
  EXPECT_EQ(chosen(encoder(), display(kBaseline, 0x10, {.cea = 0xA1})),
            "1920x1080p30 H.264 constrained-baseline 4, AAC");
  EXPECT_EQ(chosen(encoder(), display(kBaseline, 0x10, {.cea = 0x1, .vesa = 1u << 28})),
            "640x480p60 H.264 constrained-baseline 3.1, AAC");  // 1920x1200 needs level 5
}

TEST(StreamFormat, KeepsTheLevelsOfBoth) {
  EXPECT_EQ(chosen(encoder(), display(kBaseline, 0x01, {.cea = 0x1E1})),
            "1280x720p30 H.264 constrained-baseline 3.1, AAC");
  EXPECT_EQ(chosen(encoder(), display(kBaseline, 0x03, {.cea = 0x1E1})),  // the highest of several bits
            "1280x720p60 H.264 constrained-baseline 3.2, AAC");
  SourceCapabilities weak = encoder();
  weak.level = H264Level::L3_1;
  EXPECT_EQ(chosen(weak, display(kBaseline, 0x10, {.cea = 0x1E1})),
            "1280x720p30 H.264 constrained-baseline 3.1, AAC");
}

TEST(StreamFormat, PrefersConstrainedBaselineButNotOverABiggerPicture) {
  EXPECT_EQ(chosen(encoder(), display(kBaseline | kHigh, 0x10, {.cea = 0x21})),
            "1280x720p30 H.264 constrained-baseline 3.1, AAC");
  SinkCapabilities sink = display(kBaseline, 0x01, {.cea = 0x21});
  sink.video.push_back({.profiles = kHigh, .level = 0x04, .modes = {.cea = 0xA1}});
  EXPECT_EQ(chosen(encoder(), sink), "1920x1080p30 H.264 constrained-high 4, AAC");
}

TEST(StreamFormat, IsNeverInterlacedNorReserved) {
  EXPECT_EQ(chosen(encoder(), display(kBaseline, 0x10, {.cea = 1u << 9 | 0xFFFE0000, .vesa = 0xC0000000})),
            "no video mode, profile and level in common");
}

TEST(StreamFormat, PictureOrSoundMayBeMissingButNotBoth) {
  SinkCapabilities mute = display(kBaseline, 0x10, {.cea = 0x21});
  mute.audio.clear();
  EXPECT_EQ(chosen(encoder(), mute), "1280x720p30 H.264 constrained-baseline 3.1");
  SinkCapabilities speaker = display(kBaseline, 0x10, {.cea = 0x21});
  speaker.video.clear();
  EXPECT_EQ(chosen(encoder(), speaker), "AAC");
  speaker.audio.clear();
  EXPECT_EQ(chosen(encoder(), speaker), "neither picture nor sound in common");
}

TEST(StreamFormat, SoundThatTheSinkDoesNotTakeIsRefused) {
  SinkCapabilities lpcm = display(kBaseline, 0x10, {.cea = 0x21});
  lpcm.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0},
                {AudioFormat::Aac, 0x2, 0}};  // AAC, but not in stereo
  EXPECT_EQ(chosen(encoder(), lpcm), "the sink does not take AAC sound");
}

TEST(StreamFormat, LpcmServesWhereAacDoesNot) {
  SourceCapabilities source = encoder();
  source.audio = {AudioFormat::Aac, AudioFormat::Lpcm};
  SinkCapabilities adapter = display(kBaseline, 0x10, {.cea = 0x21});
  EXPECT_EQ(chosen(source, adapter), "1280x720p30 H.264 constrained-baseline 3.1, AAC");
  adapter.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}};
  EXPECT_EQ(chosen(source, adapter), "1280x720p30 H.264 constrained-baseline 3.1, LPCM");
}

std::string chosen_for_all(const SourceCapabilities& source, const std::vector<SinkCapabilities>& sinks) {
  const auto format = choose_format(source, sinks);
  return format ? to_string(*format) : format.error();
}

TEST(StreamFormat, OfSeveralSinksIsTheBestThatAllTake) {
  SourceCapabilities source = encoder();
  source.audio = {AudioFormat::Aac, AudioFormat::Lpcm};
  SinkCapabilities big = display(kBaseline, 0x10, {.cea = 0x1E1}),
                   small = display(kHigh, 0x01, {.cea = 0x21}),
                   lpcm = display(kBaseline | kHigh, 0x02, {.cea = 0x61});
  lpcm.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}};
  EXPECT_EQ(chosen_for_all(source, {big, small}), "no video mode, profile and level in common");
  EXPECT_EQ(chosen_for_all(source, {big, lpcm}), "1280x720p60 H.264 constrained-baseline 3.2, LPCM");
  EXPECT_EQ(chosen_for_all(source, {small, lpcm}), "1280x720p30 H.264 constrained-high 3.1, LPCM");
  SinkCapabilities speaker;  // no screen: it does not matter to the picture
  speaker.audio = {{AudioFormat::Aac, kAac48kStereo, 0}};
  EXPECT_EQ(chosen_for_all(source, {big, speaker}), "1920x1080p60 H.264 constrained-baseline 4.2, AAC");
  EXPECT_EQ(chosen_for_all(source, {lpcm, speaker}), "the sink does not take AAC sound");
}

TEST(StreamFormat, R2IsForPicturesBeyondR1) {
  EXPECT_FALSE(beyond_r1(encoder()));
  SourceCapabilities source = encoder();
  source.modes = source.modes | find_mode(3840, 2160, 30)->bit();
  EXPECT_FALSE(beyond_r1(source));  // level 4.2 does not hold it
  source.level = H264Level::L5_1;
  EXPECT_TRUE(beyond_r1(source));
}

TEST(StreamFormat, ARunningStreamIsAcceptedOrRefusedWithAReason) {
  const StreamFormat running{
      VideoFormat{*find_mode(1920, 1080, 30), H264Profile::ConstrainedBaseline, H264Level::L4_0},
      AudioFormat::Aac};
  EXPECT_TRUE(accepts(display(kBaseline, 0x10, {.cea = 0x1E1}), running));
  EXPECT_EQ(accepts(display(kBaseline, 0x10, {.cea = 0x61}), running).error(),
            "the sink does not take 1920x1080p30 H.264 constrained-baseline 4");
  EXPECT_FALSE(accepts(display(kHigh, 0x10, {.cea = 0x1E1}), running));
  EXPECT_FALSE(accepts(display(kBaseline, 0x01, {.cea = 0x1E1}), running));
  SinkCapabilities lpcm = display(kBaseline, 0x10, {.cea = 0x1E1});
  lpcm.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}};
  EXPECT_EQ(accepts(lpcm, running).error(), "the sink does not take AAC sound");
  lpcm.audio.clear();
  EXPECT_TRUE(accepts(lpcm, running));
  lpcm.video.clear();
  EXPECT_FALSE(accepts(lpcm, running));
}

}  // namespace
}  // namespace wfdcast
