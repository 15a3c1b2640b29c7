#include "media/capture_source.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "media/capture_portal.h"

namespace wfdcast::media {
namespace {

constexpr const char* kVideoName = "video_source";
constexpr const char* kAudioName = "audio_source";

std::string raw_caps(const CaptureOptions& options) {
  return fmt::format("video/x-raw,width={},height={},framerate={}/1,pixel-aspect-ratio=1/1", options.width,
                     options.height, options.rate);
}

// The bars are drawn once and repeated: a third less work than drawing each.
std::string test_card(const CaptureOptions& options) {
  return fmt::format(
      "videotestsrc num-buffers=1 pattern=smpte ! {},format=I420 ! imagefreeze is-live=true ! "
      "video/x-raw,framerate={}/1",
      raw_caps(options), options.rate);
}

std::string scaled(const std::string& source, const CaptureOptions& options) {
  return fmt::format("{} ! videorate drop-only=false ! videoscale add-borders=true ! videoconvert ! {}",
                     source, raw_caps(options));
}

// Under Wayland an X11 capture sees XWayland's windows at best: Wayland first.
std::string screen(const CaptureOptions& options) {
  if (std::getenv("WAYLAND_DISPLAY") != nullptr) {
    require_element("pipewiresrc");
    const PortalScreen portal = open_portal_screen();
    // The compositor sends changes only; the last picture is repeated for a screen that stands still.
    return scaled(fmt::format("pipewiresrc name={} fd={} path={} do-timestamp=true keepalive-time={}",
                              kVideoName, portal.fd, portal.node, 1000 / options.rate),
                  options);
  }
  if (std::getenv("DISPLAY") != nullptr) {
    return scaled(fmt::format("ximagesrc name={} use-damage=false ! video/x-raw,framerate={}/1", kVideoName,
                              options.rate),
                  options);
  }
  throw ProgramError(kExitUnavailable,
                     "--screen: there is no display (neither $WAYLAND_DISPLAY nor $DISPLAY is set)");
}

// The text of the test card: the wall clock to the millisecond, and which picture this is.
std::string card_text(GstClockTime running_time, unsigned rate) {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto frame = gst_util_uint64_scale_round(running_time, rate, GST_SECOND);
  return fmt::format("{:%T}.{:03}\nframe {:06}", fmt::localtime(system_clock::to_time_t(now)),
                     now.time_since_epoch().count() % 1000, frame);
}

GstPadProbeReturn write_card(GstPad* pad, GstPadProbeInfo* info, gpointer rate) {
  const Owned<GstElement> overlay(gst_pad_get_parent_element(pad));
  const GstClockTime time = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
  g_object_set(overlay.get(), "text", card_text(time, GPOINTER_TO_UINT(rate)).c_str(), nullptr);
  return GST_PAD_PROBE_OK;
}

void set_device(GstElement* pipeline, const char* name, const char* property, const std::string& value) {
  if (!value.empty()) g_object_set(part(pipeline, name), property, value.c_str(), nullptr);
}

}  // namespace

std::string video_source(const CaptureOptions& options) {
  switch (options.source) {
    case CaptureSource::Test:
      return test_card(options);
    case CaptureSource::Screen:
      return screen(options);
    case CaptureSource::V4l2:
      return scaled(fmt::format("v4l2src name={} ! decodebin", kVideoName), options);
    case CaptureSource::File:
      return scaled("intervideosrc", options);
  }
  return {};
}

std::string audio_source(const CaptureOptions& options) {
  if (options.source == CaptureSource::File)
    return "interaudiosrc buffer-time=200000000 latency-time=20000000";
  const std::string_view wanted = options.audio_source;
  const bool tone = wanted == "tone" || (wanted.empty() && options.source == CaptureSource::Test);
  if (wanted.starts_with("alsa")) return fmt::format("alsasrc name={}", kAudioName);
  if (wanted.starts_with("pulse")) return fmt::format("pulsesrc name={}", kAudioName);
  return fmt::format("audiotestsrc is-live=true samplesperbuffer=480 wave={} freq=440 volume=0.1",
                     tone ? "sine" : "silence");
}

std::string video_overlay(const CaptureOptions& options) {
  if (options.source != CaptureSource::Test) return {};
  return "textoverlay name=card font-desc=Monospace,Bold,26 line-alignment=center halignment=center "
         "valignment=center "
         "shaded-background=true ! ";
}

void set_up_sources(GstElement* pipeline, const CaptureOptions& options) {
  if (options.source == CaptureSource::V4l2) set_device(pipeline, kVideoName, "device", options.path);
  const std::size_t colon = options.audio_source.find(':');
  if (options.audio && colon != std::string::npos) {
    set_device(pipeline, kAudioName, "device", options.audio_source.substr(colon + 1));
  }
  if (options.source == CaptureSource::Test) {
    GstPad* pad = gst_element_get_static_pad(part(pipeline, "card"), "video_sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, write_card, GUINT_TO_POINTER(options.rate), nullptr);
    gst_object_unref(pad);
  }
}

}  // namespace wfdcast::media
