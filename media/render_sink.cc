#include "media/render_sink.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "media/program.h"

namespace wfdcast::media {
namespace {

struct VideoSink {
  const char* element;
  const char* properties;
  const char* variable;  // of the environment, or
  const char* device;    // a file, that must be there
};

constexpr auto kVideoSinks = std::to_array<VideoSink>({
    {"waylandsink", " fullscreen=true", "WAYLAND_DISPLAY", nullptr},
    {"glimagesink", "", "DISPLAY", nullptr},
    {"xvimagesink", "", "DISPLAY", nullptr},
    {"ximagesink", "", "DISPLAY", nullptr},
    {"kmssink", "", nullptr, "/dev/dri/card0"},
    {"kmssink", "", nullptr, "/dev/dri/card1"},
    {"fbdevsink", "", nullptr, "/dev/fb0"},
});

constexpr auto kAudioSinks = std::to_array<const char*>({"pulsesink", "pipewiresink", "alsasink"});

bool may_work(const VideoSink& sink) {
  if (sink.variable != nullptr) return std::getenv(sink.variable) != nullptr;
  return access(sink.device, R_OK | W_OK) == 0;
}

}  // namespace

std::string choose_video_sink() {
  const VideoSink* missing = nullptr;
  for (const VideoSink& sink : kVideoSinks) {
    if (!may_work(sink)) continue;
    if (opens(sink.element)) return std::string(sink.element) + sink.properties;
    if (!has_element(sink.element)) missing = &sink;
  }
  if (missing != nullptr) require_element(missing->element);
  throw ProgramError(kExitUnavailable,
                     "no screen: no $WAYLAND_DISPLAY or $DISPLAY that works, no /dev/dri/card0, no /dev/fb0");
}

std::string choose_audio_sink() {
  for (const char* sink : kAudioSinks) {
    if (opens(sink)) return sink;
  }
  fmt::print(stderr,
             "wfd-render: no sound output (tried PulseAudio, PipeWire and ALSA), showing the picture only\n");
  return "fakesink sync=true";
}

}  // namespace wfdcast::media
