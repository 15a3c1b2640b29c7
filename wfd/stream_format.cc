#include "wfd/stream_format.h"

#include <algorithm>
#include <array>

namespace wfdcast {
namespace {

struct AudioRow {
  AudioFormat format;
  std::uint32_t mode;  // the one that we send
  const char* name;
};
constexpr std::array<AudioRow, 3> kAudio{{{AudioFormat::Lpcm, kLpcm48kStereo, "LPCM"},
                                          {AudioFormat::Aac, kAac48kStereo, "AAC"},
                                          {AudioFormat::Ac3, 0x1, "AC3"}}};

const AudioRow& row_of(AudioFormat format) {
  return *std::find_if(kAudio.begin(), kAudio.end(),
                       [&](const AudioRow& row) { return row.format == format; });
}

bool takes_audio(const SinkCapabilities& sink, AudioFormat format) {
  const AudioRow& row = row_of(format);
  return std::any_of(sink.audio.begin(), sink.audio.end(), [&](const AudioCodec& codec) {
    return codec.format == format && (codec.modes & row.mode) != 0;
  });
}

std::string audio_refusal(AudioFormat format) {
  return "the sink does not take " + to_string(format) + " sound";
}

// Several level bits were seen in one field: the highest counts.
bool level_allows(std::uint8_t levels, H264Level wanted) {
  return levels >= static_cast<std::uint8_t>(wanted);
}

bool takes_video(const VideoCodec& codec, const VideoFormat& format) {
  return (codec.profiles & static_cast<std::uint8_t>(format.profile)) != 0 &&
         !(codec.modes & format.mode.bit()).empty() && level_allows(codec.level, format.level);
}

bool takes_video(const SinkCapabilities& sink, const VideoFormat& format) {
  return std::any_of(sink.video.begin(), sink.video.end(),
                     [&](const VideoCodec& codec) { return takes_video(codec, format); });
}

std::uint32_t pixel_rate(const VideoMode& mode) {
  return static_cast<std::uint32_t>(mode.width) * mode.height * mode.rate;
}

using Sinks = std::span<const SinkCapabilities>;

bool all_take_video(Sinks sinks, const VideoFormat& format) {
  return std::all_of(sinks.begin(), sinks.end(), [&](const SinkCapabilities& sink) {
    return sink.video.empty() || takes_video(sink, format);
  });
}

std::optional<VideoFormat> best_video(const SourceCapabilities& source, Sinks sinks) {
  std::optional<VideoFormat> best;
  for (const VideoMode& mode : video_modes()) {
    if (mode.interlaced || (source.modes & mode.bit()).empty()) continue;
    if (best && pixel_rate(mode) <= pixel_rate(best->mode)) continue;
    const H264Level level = level_for(mode);
    if (!level_allows(static_cast<std::uint8_t>(source.level), level)) continue;
    for (const H264Profile profile : {H264Profile::ConstrainedBaseline, H264Profile::ConstrainedHigh}) {
      const VideoFormat format{mode, profile, level};
      const bool can = (source.profiles & static_cast<std::uint8_t>(profile)) != 0;
      if (!can || !all_take_video(sinks, format)) continue;
      best = format;
      break;
    }
  }
  return best;
}

// The first sound that all take who have a loudspeaker; nothing where none has.
Result<std::optional<AudioFormat>, std::string> best_audio(const SourceCapabilities& source, Sinks sinks) {
  const auto hears = [](const SinkCapabilities& sink) { return !sink.audio.empty(); };
  if (source.audio.empty() || std::none_of(sinks.begin(), sinks.end(), hears)) return std::nullopt;
  for (const AudioFormat format : source.audio) {
    const auto takes = [&](const SinkCapabilities& sink) {
      return !hears(sink) || takes_audio(sink, format);
    };
    if (std::all_of(sinks.begin(), sinks.end(), takes)) return format;
  }
  return fail(audio_refusal(source.audio.front()));
}

}  // namespace

std::string to_string(AudioFormat format) { return row_of(format).name; }

std::string to_string(const StreamFormat& format) {
  std::string text;
  if (format.video) {
    text = to_string(format.video->mode) + " H.264 " + to_string(format.video->profile) + ' ' +
           to_string(format.video->level);
  }
  if (format.audio) text += (text.empty() ? "" : ", ") + to_string(*format.audio);
  return text;
}

bool beyond_r1(const SourceCapabilities& source) {
  const auto modes = video_modes();
  return std::any_of(modes.begin(), modes.end(), [&](const VideoMode& mode) {
    return mode.r2 && !(source.modes & mode.bit()).empty() &&
           level_allows(static_cast<std::uint8_t>(source.level), level_for(mode));
  });
}

Result<StreamFormat, std::string> choose_format(const SourceCapabilities& source,
                                                const SinkCapabilities& sink) {
  return choose_format(source, Sinks(&sink, 1));
}

Result<StreamFormat, std::string> choose_format(const SourceCapabilities& source, Sinks sinks) {
  StreamFormat format;
  const bool seen = std::any_of(sinks.begin(), sinks.end(),
                                [](const SinkCapabilities& sink) { return !sink.video.empty(); });
  if (!source.modes.empty() && seen) {
    format.video = best_video(source, sinks);
    if (!format.video) return fail(std::string("no video mode, profile and level in common"));
  }
  const auto audio = best_audio(source, sinks);
  if (!audio) return fail(audio.error());
  format.audio = *audio;
  if (!format.video && !format.audio) return fail(std::string("neither picture nor sound in common"));
  return format;
}

Result<void, std::string> accepts(const SinkCapabilities& sink, const StreamFormat& running) {
  const bool picture = running.video && !sink.video.empty();
  const bool sound = running.audio && !sink.audio.empty();
  if (picture && !takes_video(sink, *running.video)) {
    return fail("the sink does not take " + to_string(StreamFormat{running.video, std::nullopt}));
  }
  if (sound && !takes_audio(sink, *running.audio)) return fail(audio_refusal(*running.audio));
  if (!picture && !sound) return fail(std::string("the sink takes neither the picture nor the sound"));
  return {};
}

SinkCapabilities taking_only(SinkCapabilities sink, const StreamFormat& format) {
  if (format.video) {
    sink.video = {{.profiles = static_cast<std::uint8_t>(format.video->profile),
                   .level = static_cast<std::uint8_t>(format.video->level),
                   .modes = format.video->mode.bit()}};
  }
  if (format.audio)
    std::erase_if(sink.audio, [&](const AudioCodec& codec) { return codec.format != format.audio; });
  return sink;
}

}  // namespace wfdcast
