#include "wfd/video.h"

#include <algorithm>
#include <array>

namespace wfdcast {
namespace {

constexpr VideoMode cea(std::uint8_t index, std::uint16_t width, std::uint16_t height, std::uint8_t rate,
                        bool interlaced = false) {
  return {VideoTable::Cea, index, width, height, rate, interlaced};
}

struct Size {
  std::uint16_t width, height;
};

// VESA and HH list each size twice: p30 at the even bit, p60 at the odd one.
constexpr std::array<Size, 15> kVesaSizes{{{800, 600},
                                           {1024, 768},
                                           {1152, 864},
                                           {1280, 768},
                                           {1280, 800},
                                           {1360, 768},
                                           {1366, 768},
                                           {1280, 1024},
                                           {1400, 1050},
                                           {1440, 900},
                                           {1600, 900},
                                           {1600, 1200},
                                           {1680, 1024},
                                           {1680, 1050},
                                           {1920, 1200}}};
constexpr std::array<Size, 6> kHhSizes{
    {{800, 480}, {854, 480}, {864, 480}, {640, 360}, {960, 540}, {848, 480}}};

constexpr VideoMode r2(VideoTable table, std::uint8_t index, std::uint16_t width, std::uint16_t height,
                       std::uint8_t rate) {
  return {table, index, width, height, rate, false, true};
}

constexpr std::array<VideoMode, 17> kCeaModes{
    {cea(0, 640, 480, 60), cea(1, 720, 480, 60), cea(2, 720, 480, 60, true), cea(3, 720, 576, 50),
     cea(4, 720, 576, 50, true), cea(5, 1280, 720, 30), cea(6, 1280, 720, 60), cea(7, 1920, 1080, 30),
     cea(8, 1920, 1080, 60), cea(9, 1920, 1080, 60, true), cea(10, 1280, 720, 25), cea(11, 1280, 720, 50),
     cea(12, 1920, 1080, 25), cea(13, 1920, 1080, 50), cea(14, 1920, 1080, 50, true), cea(15, 1280, 720, 24),
     cea(16, 1920, 1080, 24)}};

constexpr std::array<VideoMode, 15> kR2Modes{
    {r2(VideoTable::Cea, 17, 3840, 2160, 24), r2(VideoTable::Cea, 18, 3840, 2160, 25),
     r2(VideoTable::Cea, 19, 3840, 2160, 30), r2(VideoTable::Cea, 20, 3840, 2160, 50),
     r2(VideoTable::Cea, 21, 3840, 2160, 60), r2(VideoTable::Cea, 22, 4096, 2160, 24),
     r2(VideoTable::Cea, 23, 4096, 2160, 25), r2(VideoTable::Cea, 24, 4096, 2160, 30),
     r2(VideoTable::Cea, 25, 4096, 2160, 50), r2(VideoTable::Cea, 26, 4096, 2160, 60),
     r2(VideoTable::Vesa, 29, 1920, 1200, 60), r2(VideoTable::Vesa, 30, 2560, 1440, 30),
     r2(VideoTable::Vesa, 31, 2560, 1440, 60), r2(VideoTable::Vesa, 32, 2560, 1600, 30),
     r2(VideoTable::Vesa, 33, 2560, 1600, 60)}};

// VESA bit 29 (1920x1200p60) is reserved in R1.
constexpr std::size_t kVesaModes = 2 * kVesaSizes.size() - 1;
constexpr std::size_t kHhModes = 2 * kHhSizes.size();
using ModeTable = std::array<VideoMode, kCeaModes.size() + kVesaModes + kHhModes + kR2Modes.size()>;

constexpr VideoMode paired_mode(VideoTable table, Size size, std::size_t index) {
  const std::uint8_t rate = index % 2 == 0 ? 30 : 60;
  return {table, static_cast<std::uint8_t>(index), size.width, size.height, rate, false};
}

constexpr ModeTable make_table() {
  ModeTable modes{};
  std::size_t next = 0;
  for (const VideoMode& mode : kCeaModes) modes[next++] = mode;
  for (std::size_t i = 0; i < kVesaModes; ++i)
    modes[next++] = paired_mode(VideoTable::Vesa, kVesaSizes[i / 2], i);
  for (std::size_t i = 0; i < kHhModes; ++i) modes[next++] = paired_mode(VideoTable::Hh, kHhSizes[i / 2], i);
  for (const VideoMode& mode : kR2Modes) modes[next++] = mode;
  return modes;
}
constexpr ModeTable kModes = make_table();

// H.264 table A-1: macroblocks a second and in a frame, kbit/s; lowest level first.
struct LevelLimit {
  H264Level level;
  std::uint32_t per_second, per_frame, kbit;
  const char* name;
};
constexpr std::array<LevelLimit, 8> kLevels{{{H264Level::L3_1, 108000, 3600, 14000, "3.1"},
                                             {H264Level::L3_2, 216000, 5120, 20000, "3.2"},
                                             {H264Level::L4_0, 245760, 8192, 20000, "4"},
                                             {H264Level::L4_1, 245760, 8192, 50000, "4.1"},
                                             {H264Level::L4_2, 522240, 8704, 50000, "4.2"},
                                             {H264Level::L5_0, 589824, 22080, 135000, "5"},
                                             {H264Level::L5_1, 983040, 36864, 240000, "5.1"},
                                             {H264Level::L5_2, 2073600, 36864, 240000, "5.2"}}};

}  // namespace

VideoModes operator&(const VideoModes& a, const VideoModes& b) {
  return {.cea = a.cea & b.cea, .vesa = a.vesa & b.vesa, .hh = a.hh & b.hh};
}

VideoModes operator|(const VideoModes& a, const VideoModes& b) {
  return {.cea = a.cea | b.cea, .vesa = a.vesa | b.vesa, .hh = a.hh | b.hh};
}

VideoModes VideoMode::bit() const {
  const std::uint64_t one = std::uint64_t{1} << index;
  switch (table) {
    case VideoTable::Cea:
      return {.cea = one};
    case VideoTable::Vesa:
      return {.vesa = one};
    case VideoTable::Hh:
      return {.hh = one};
  }
  return {};
}

std::span<const VideoMode> video_modes() { return kModes; }

std::string to_string(const VideoMode& mode) {
  return std::to_string(mode.width) + 'x' + std::to_string(mode.height) + (mode.interlaced ? 'i' : 'p') +
         std::to_string(mode.rate);
}

std::optional<VideoMode> find_mode(unsigned width, unsigned height, unsigned rate) {
  for (const VideoMode& mode : kModes) {
    if (mode.width == width && mode.height == height && mode.rate == rate && !mode.interlaced) return mode;
  }
  return std::nullopt;
}

std::string to_string(H264Profile profile) {
  switch (profile) {
    case H264Profile::ConstrainedBaseline:
      return "constrained-baseline";
    case H264Profile::ConstrainedHigh:
      return "constrained-high";
  }
  return "";
}

std::string to_string(H264Level level) {
  for (const LevelLimit& row : kLevels) {
    if (row.level == level) return row.name;
  }
  return "";
}

std::uint64_t most_bitrate(H264Level level, H264Profile profile) {
  const auto* const row = std::find_if(kLevels.begin(), kLevels.end(),
                                       [&](const LevelLimit& limit) { return limit.level == level; });
  const std::uint64_t most = std::uint64_t{(row == kLevels.end() ? kLevels.back() : *row).kbit} * 1000;
  return profile == H264Profile::ConstrainedHigh ? most * 5 / 4 : most;
}

H264Level level_for(const VideoMode& mode) {
  const std::uint32_t per_frame = ((mode.width + 15u) / 16u) * ((mode.height + 15u) / 16u);
  const std::uint32_t frames = mode.interlaced ? mode.rate / 2u : mode.rate;
  for (const LevelLimit& row : kLevels) {
    if (per_frame <= row.per_frame && per_frame * frames <= row.per_second) return row.level;
  }
  return H264Level::L5_2;
}

}  // namespace wfdcast
