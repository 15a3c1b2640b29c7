#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace wfdcast {

// The three resolution tables; one bit for each mode. wfd_video_formats holds
// the lower 32 of each, wfd2_video_formats 48.
struct VideoModes {
  std::uint64_t cea = 0, vesa = 0, hh = 0;
  bool operator==(const VideoModes&) const = default;
  [[nodiscard]] bool empty() const { return (cea | vesa | hh) == 0; }
};
[[nodiscard]] VideoModes operator&(const VideoModes& a, const VideoModes& b);
[[nodiscard]] VideoModes operator|(const VideoModes& a, const VideoModes& b);

enum class VideoTable : std::uint8_t { Cea, Vesa, Hh };

// One row of a resolution table (WFD 5.1.1 as in wfd_video_formats).
struct VideoMode {
  VideoTable table = VideoTable::Cea;
  std::uint8_t index = 0;  // bit number in its table
  std::uint16_t width = 640, height = 480;
  std::uint8_t rate = 60;  // frames a second; fields for interlaced modes
  bool interlaced = false;
  bool r2 = false;  // only in wfd2_video_formats
  bool operator==(const VideoMode&) const = default;
  // The one bit of this mode.
  [[nodiscard]] VideoModes bit() const;
};

// Every mode of the three tables that WFD names, in table order. Bits that are
// not in here are reserved and ignored.
[[nodiscard]] std::span<const VideoMode> video_modes();
// "1280x720p30".
[[nodiscard]] std::string to_string(const VideoMode& mode);
// The mode of that size and rate; CEA first, then VESA, then HH.
[[nodiscard]] std::optional<VideoMode> find_mode(unsigned width, unsigned height, unsigned rate);

// Profile bits of wfd_video_formats.
enum class H264Profile : std::uint8_t { ConstrainedBaseline = 0x01, ConstrainedHigh = 0x02 };
// Level bits of wfd_video_formats; the number is the bit. 5.0 and above are an extension.
enum class H264Level : std::uint8_t {
  L3_1 = 0x01,
  L3_2 = 0x02,
  L4_0 = 0x04,
  L4_1 = 0x08,
  L4_2 = 0x10,
  L5_0 = 0x20,
  L5_1 = 0x40,
  L5_2 = 0x80
};
[[nodiscard]] std::string to_string(H264Profile profile);  // "constrained-baseline", as in GStreamer's caps
[[nodiscard]] std::string to_string(H264Level level);      // "3.1"

// The lowest level whose macroblock limits (H.264 table A-1) hold `mode`.
[[nodiscard]] H264Level level_for(const VideoMode& mode);

// The most bit/s that a decoder of that level takes (H.264 table A-1; a quarter more in High Profile).
[[nodiscard]] std::uint64_t most_bitrate(H264Level level, H264Profile profile);

// One codec tuple of wfd_video_formats: what a decoder can do, or with one bit
// in each field what a source has chosen.
struct VideoCodec {
  std::uint8_t profiles = 0;  // H264Profile bits
  std::uint8_t level = 0;     // H264Level bits; the highest counts
  VideoModes modes;
  std::uint8_t latency = 0;          // of the decoder, units of 5 ms
  std::uint16_t min_slice = 0;       // macroblocks; 0: one slice a picture
  std::uint16_t slice_encoding = 0;  // bits 9:0 slices - 1, bits 12:10 size ratio
  std::uint8_t frame_rate_control = 0;
  bool operator==(const VideoCodec&) const = default;
};

}  // namespace wfdcast
