#pragma once

#include <optional>
#include <string>

namespace wfdcast::media {

// The command line of wfd-render.
struct RenderOptions {
  std::string video_sink;  // gst-launch syntax; empty: the best that is there
  std::string audio_sink;
  bool audio = true;
  bool input = false;            // tell on stdout what is done with the window
  std::string snapshot;          // PNG file; empty: none
  unsigned snapshot_after = 30;  // pictures
  std::string report;            // JSON file, written once a second and at the end; empty: none
  std::string text;              // shown over the picture, or alone until there is one; empty: none
  bool stats = false;            // the same as lines on stderr
};

// nullopt when --help or --version was answered. Throws ProgramError(kExitUsage).
[[nodiscard]] std::optional<RenderOptions> parse_render_options(int argc, char** argv);

}  // namespace wfdcast::media
