#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "wfd/sink_capabilities.h"
#include "wfd/video.h"

namespace wfdcast {

struct VideoFormat {
  VideoMode mode;
  H264Profile profile = H264Profile::ConstrainedBaseline;
  H264Level level = H264Level::L3_1;
  bool operator==(const VideoFormat&) const = default;
};

// What is encoded, and what M4 says: one mode, one profile, one level, one
// audio codec. No video or no audio is possible, but not both.
struct StreamFormat {
  std::optional<VideoFormat> video;
  std::optional<AudioFormat> audio;
  bool operator==(const StreamFormat&) const = default;
};
// "1280x720p30 H.264 constrained-baseline 3.1, AAC".
[[nodiscard]] std::string to_string(const StreamFormat& format);
[[nodiscard]] std::string to_string(AudioFormat format);

// What our encoder, or the file that is played, can give.
struct SourceCapabilities {
  VideoModes modes;
  std::uint8_t profiles = 0;          // H264Profile bits
  H264Level level = H264Level::L4_2;  // the highest
  std::vector<AudioFormat> audio;     // the preferred one first
};

// Whether the source can give a picture that only wfd2_video_formats can name.
[[nodiscard]] bool beyond_r1(const SourceCapabilities& source);

// The best format that source and sink share: most pixels a second among
// progressive modes that profile and level allow; Constrained Baseline before
// High. The reason, for a person, where there is none.
[[nodiscard]] Result<StreamFormat, std::string> choose_format(const SourceCapabilities& source,
                                                              const SinkCapabilities& sink);
// The same for sinks that are to have one stream. One without a screen, or
// without a loudspeaker, does not matter to the picture or the sound.
[[nodiscard]] Result<StreamFormat, std::string> choose_format(const SourceCapabilities& source,
                                                              std::span<const SinkCapabilities> sinks);
// Whether `sink` can take a stream that runs already; the reason where not.
[[nodiscard]] Result<void, std::string> accepts(const SinkCapabilities& sink, const StreamFormat& running);

// A sink that takes this and nothing else.
[[nodiscard]] SinkCapabilities taking_only(SinkCapabilities sink, const StreamFormat& format);

}  // namespace wfdcast
