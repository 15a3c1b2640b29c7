#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wfd/sink_capabilities.h"
#include "wfd/video.h"

namespace wfdcast::media {

enum class CaptureSource { Test, Screen, V4l2, File };

// The command line of wfd-capture.
struct CaptureOptions {
  CaptureSource source = CaptureSource::Test;
  std::string path;  // device or file
  unsigned width = 1280, height = 720, rate = 30;
  std::uint64_t bitrate = 8'000'000;  // bit/s, of the video
  H264Profile profile = H264Profile::ConstrainedBaseline;
  std::string level;                                    // "3.1"; empty: the lowest that fits
  std::optional<AudioFormat> audio = AudioFormat::Aac;  // AAC or LPCM
  std::string audio_source;  // tone, silence, pulse[:DEVICE], alsa[:DEVICE]; empty: what suits the source
  std::string encoder;       // empty: the best that is there
};

// nullopt when --help or --version was answered. Throws ProgramError(kExitUsage).
[[nodiscard]] std::optional<CaptureOptions> parse_capture_options(int argc, char** argv);

// "8M", "2500k", "8000000"; nullopt for anything else, and below 10 kbit/s or above 1 Gbit/s.
[[nodiscard]] std::optional<std::uint64_t> parse_bitrate(std::string_view text);

}  // namespace wfdcast::media
