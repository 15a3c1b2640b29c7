#include "media/render_options.h"

#include <fmt/format.h>
#include <getopt.h>

#include <array>

#include "base/text.h"
#include "media/program.h"

namespace wfdcast::media {
namespace {

constexpr const char* kHelp = R"(wfd-render [OPTIONS]: MPEG-TS from stdin to screen and loudspeaker

  --video-sink SINK    a GStreamer sink ("kmssink connector-id=32"); the best that is there
  --audio-sink SINK    likewise for sound
  --no-audio           the picture only
  --text TEXT          shown over the picture, or alone until there is one
  --input              tells touch, mouse and keys of the window, a line each, on stdout
  --snapshot FILE.png  writes a picture after some pictures, and on each SIGUSR1
  --snapshot-after N   30 pictures
  --report FILE.json   what was decoded, once a second and at the end
  --stats              the same, a line a second on stderr

The program ends when stdin does.
)";

[[noreturn]] void refuse(const std::string& line) { throw ProgramError(kExitUsage, line); }

unsigned count(std::string_view text) {
  const auto number = parse_number<unsigned>(text);
  if (!number || *number < 1) refuse(fmt::format("--snapshot-after {}: not a number from 1 on", text));
  return *number;
}

void apply(RenderOptions& options, int option, const char* value) {
  switch (option) {
    case 'V':
      options.video_sink = value;
      return;
    case 'A':
      options.audio_sink = value;
      return;
    case 'n':
      options.audio = false;
      return;
    case 't':
      options.text = value;
      return;
    case 'i':
      options.input = true;
      return;
    case 's':
      options.snapshot = value;
      return;
    case 'N':
      options.snapshot_after = count(value);
      return;
    case 'r':
      options.report = value;
      return;
    case 'S':
      options.stats = true;
      return;
    case ':':
      refuse("an option lacks its value; see --help");
    default:
      refuse("unknown option; see --help");
  }
}

constexpr auto kOptions = std::to_array<option>({
    {"video-sink", required_argument, nullptr, 'V'},
    {"audio-sink", required_argument, nullptr, 'A'},
    {"no-audio", no_argument, nullptr, 'n'},
    {"text", required_argument, nullptr, 't'},
    {"input", no_argument, nullptr, 'i'},
    {"snapshot", required_argument, nullptr, 's'},
    {"snapshot-after", required_argument, nullptr, 'N'},
    {"report", required_argument, nullptr, 'r'},
    {"stats", no_argument, nullptr, 'S'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'v'},
    {nullptr, 0, nullptr, 0},
});

}  // namespace

std::optional<RenderOptions> parse_render_options(int argc, char** argv) {
  RenderOptions options;
  opterr = 0;
  int option = 0;
  while ((option = getopt_long(argc, argv, ":", kOptions.data(), nullptr)) != -1) {
    if (option == 'h') {
      fmt::print("{}", kHelp);
      return std::nullopt;
    }
    if (option == 'v') {
      fmt::print("wfd-render {}\n", WFD_VERSION);
      return std::nullopt;
    }
    apply(options, option, optarg);
  }
  if (optind != argc) refuse(fmt::format("unexpected argument \"{}\"; see --help", argv[optind]));
  return options;
}

}  // namespace wfdcast::media
