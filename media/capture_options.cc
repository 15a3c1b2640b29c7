#include "media/capture_options.h"

#include <fmt/format.h>
#include <getopt.h>

#include <array>
#include <cstdio>

#include "base/text.h"
#include "media/program.h"

namespace wfdcast::media {
namespace {

constexpr const char* kHelp = R"(wfd-capture [OPTIONS]: a picture and its sound as MPEG-TS on stdout

Source:
  --test               colour bars, running clock, frame counter, tone (default)
  --screen             this screen (X11, or Wayland through the desktop portal)
  --v4l2 DEVICE        a camera or grabber: /dev/video0
  --file FILE          anything that GStreamer decodes, again and again
  --audio-source NAME  tone, silence, pulse[:DEVICE] or alsa[:DEVICE]

Format:
  --size WxH           1280x720
  --rate N             30 pictures a second
  --bitrate N          8M bit/s of video
  --profile NAME       constrained-baseline or high
  --level N            3.1 to 5.2; the lowest that fits
  --audio NAME         aac, lpcm or none
  --encoder NAME       a GStreamer H.264 encoder; the best that is there

Orders, one a line on stdin: idr, bitrate N, pause, resume.
The program ends when stdin, if it is a pipe, or stdout is closed.
)";

constexpr auto kLevels =
    std::to_array<std::string_view>({"3.1", "3.2", "4", "4.0", "4.1", "4.2", "5", "5.0", "5.1", "5.2"});

[[noreturn]] void refuse(const std::string& line) { throw ProgramError(kExitUsage, line); }

void set_size(CaptureOptions& options, std::string_view text) {
  const auto parts = split(text, 'x');
  const auto width = parse_number<unsigned>(parts[0]);
  const auto height = parts.size() == 2 ? parse_number<unsigned>(parts[1]) : std::nullopt;
  constexpr unsigned kLeast = 64, kMost = 4096;
  if (!width || !height || *width % 2 + *height % 2 != 0 || std::min(*width, *height) < kLeast ||
      std::max(*width, *height) > kMost) {
    refuse(fmt::format("--size {}: not WxH with even numbers from {} to {}", text, kLeast, kMost));
  }
  options.width = *width;
  options.height = *height;
}

void set_rate(CaptureOptions& options, std::string_view text) {
  const auto rate = parse_number<unsigned>(text);
  if (!rate || *rate < 1 || *rate > 120) refuse(fmt::format("--rate {}: not a number from 1 to 120", text));
  options.rate = *rate;
}

void set_bitrate(CaptureOptions& options, std::string_view text) {
  const auto bitrate = parse_bitrate(text);
  if (!bitrate) refuse(fmt::format("--bitrate {}: not a number of bit/s from 10k to 1000M", text));
  options.bitrate = *bitrate;
}

void set_profile(CaptureOptions& options, std::string_view text) {
  if (text == "constrained-baseline") {
    options.profile = H264Profile::ConstrainedBaseline;
  } else if (text == "high" || text == "constrained-high") {
    options.profile = H264Profile::ConstrainedHigh;
  } else {
    refuse(fmt::format("--profile {}: not constrained-baseline or high", text));
  }
}

void set_level(CaptureOptions& options, std::string_view text) {
  if (std::find(kLevels.begin(), kLevels.end(), text) == kLevels.end()) {
    refuse(fmt::format("--level {}: not a level from 3.1 to 5.2", text));
  }
  options.level = text.ends_with(".0") ? text.substr(0, 1) : text;
}

void set_audio(CaptureOptions& options, std::string_view text) {
  if (text != "aac" && text != "lpcm" && text != "none")
    refuse(fmt::format("--audio {}: not aac, lpcm or none", text));
  options.audio.reset();
  if (text == "aac") options.audio = AudioFormat::Aac;
  if (text == "lpcm") options.audio = AudioFormat::Lpcm;
}

void set_audio_source(CaptureOptions& options, std::string_view text) {
  const std::string_view kind = text.substr(0, text.find(':'));
  if (kind != "pulse" && kind != "alsa" && text != "tone" && text != "silence") {
    refuse(fmt::format("--audio-source {}: not tone, silence, pulse[:DEVICE] or alsa[:DEVICE]", text));
  }
  options.audio_source = text;
}

void set_source(CaptureOptions& options, CaptureSource source, const char* path) {
  options.source = source;
  options.path = path == nullptr ? "" : path;
}

void apply(CaptureOptions& options, int option, const char* value) {
  switch (option) {
    case 't':
      return set_source(options, CaptureSource::Test, nullptr);
    case 'x':
      return set_source(options, CaptureSource::Screen, nullptr);
    case 'd':
      return set_source(options, CaptureSource::V4l2, value);
    case 'f':
      return set_source(options, CaptureSource::File, value);
    case 's':
      return set_size(options, value);
    case 'r':
      return set_rate(options, value);
    case 'b':
      return set_bitrate(options, value);
    case 'p':
      return set_profile(options, value);
    case 'l':
      return set_level(options, value);
    case 'a':
      return set_audio(options, value);
    case 'A':
      return set_audio_source(options, value);
    case 'e':
      options.encoder = value;
      return;
    case ':':
      refuse("an option lacks its value; see --help");
    default:
      refuse("unknown option; see --help");
  }
}

constexpr auto kOptions = std::to_array<option>({
    {"test", no_argument, nullptr, 't'},
    {"screen", no_argument, nullptr, 'x'},
    {"v4l2", required_argument, nullptr, 'd'},
    {"file", required_argument, nullptr, 'f'},
    {"size", required_argument, nullptr, 's'},
    {"rate", required_argument, nullptr, 'r'},
    {"bitrate", required_argument, nullptr, 'b'},
    {"profile", required_argument, nullptr, 'p'},
    {"level", required_argument, nullptr, 'l'},
    {"audio", required_argument, nullptr, 'a'},
    {"audio-source", required_argument, nullptr, 'A'},
    {"encoder", required_argument, nullptr, 'e'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'v'},
    {nullptr, 0, nullptr, 0},
});

}  // namespace

std::optional<std::uint64_t> parse_bitrate(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('k')) unit = 1'000;
  if (text.ends_with('M')) unit = 1'000'000;
  if (unit != 1) text.remove_suffix(1);
  constexpr std::uint64_t kLeast = 10'000, kMost = 1'000'000'000;
  const auto number = parse_number<std::uint64_t>(text);
  if (!number || *number > kMost / unit || *number * unit < kLeast) return std::nullopt;
  return *number * unit;
}

std::optional<CaptureOptions> parse_capture_options(int argc, char** argv) {
  CaptureOptions options;
  opterr = 0;
  int option = 0;
  while ((option = getopt_long(argc, argv, ":", kOptions.data(), nullptr)) != -1) {
    if (option == 'h') {
      fmt::print("{}", kHelp);
      return std::nullopt;
    }
    if (option == 'v') {
      fmt::print("wfd-capture {}\n", WFD_VERSION);
      return std::nullopt;
    }
    apply(options, option, optarg);
  }
  if (optind != argc) refuse(fmt::format("unexpected argument \"{}\"; see --help", argv[optind]));
  return options;
}

}  // namespace wfdcast::media
