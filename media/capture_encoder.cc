#include "media/capture_encoder.h"

#include <fmt/format.h>
#include <gst/video/video-event.h>

#include <array>

#include "base/text.h"

namespace wfdcast::media {

// How one encoder element is set up. In `settings`: {gop} pictures between
// IDRs, {kbit} and {bit} of the bitrate, {high} whether High Profile is wanted.
struct EncoderKind {
  const char* element;
  const char* bitrate_property;  // nullptr: cannot change while it runs
  std::uint64_t bitrate_unit;    // bit/s
  const char* settings;
  bool level_in_caps;  // takes the level from the caps behind it
};

namespace {

// IDR pictures come on order; this is for a receiver that cannot ask.
constexpr unsigned kSecondsBetweenIdrs = 10;
// Macroblocks a second of level 3.1; a single core of today manages them.
constexpr unsigned kSingleThreadMacroblocks = 108'000;

constexpr auto kEncoders = std::to_array<EncoderKind>({
    {"v4l2h264enc", nullptr, 1,
     "extra-controls=controls,video_bitrate={bit},video_gop_size={gop},h264_i_frame_period={gop},"
     "repeat_sequence_header=1,h264_entropy_mode=0,video_b_frames=0",
     true},
    {"vah264enc", "bitrate", 1000,
     "rate-control=cbr bitrate={kbit} key-int-max={gop} b-frames=0 ref-frames=1 cabac=false dct8x8={high} "
     "aud=true",
     false},
    {"vaapih264enc", "bitrate", 1000,
     "rate-control=cbr bitrate={kbit} keyframe-period={gop} max-bframes=0 refs=1 cabac=false dct8x8={high} "
     "aud=true",
     false},
    {"omxh264enc", "target-bitrate", 1,
     "control-rate=constant target-bitrate={bit} interval-intraframes={gop} b-frames=0 entropy-mode=CAVLC",
     true},
    {"nvh264enc", "bitrate", 1000,
     "rc-mode=cbr bitrate={kbit} gop-size={gop} bframes=0 preset=low-latency zerolatency=true aud=true",
     false},
    {"x264enc", "bitrate", 1000,
     "tune=zerolatency speed-preset=ultrafast bitrate={kbit} vbv-buf-capacity=300 key-int-max={gop} "
     "bframes=0 ref=1 "
     "cabac=false dct8x8={high} aud=true byte-stream=true sliced-threads=false threads={threads} "
     "option-string={x264}",
     false},
    {"openh264enc", "bitrate", 1,
     "rate-control=bitrate bitrate={bit} max-bitrate={peak} gop-size={gop} complexity=low multi-thread=1 "
     "scene-change-detection=false enable-frame-skip=false",
     false},
});

unsigned macroblocks_per_second(const CaptureOptions& options) {
  return (options.width + 15) / 16 * ((options.height + 15) / 16) * options.rate;
}

}  // namespace

VideoEncoder VideoEncoder::choose(const CaptureOptions& options) {
  for (const EncoderKind& kind : kEncoders) {
    if (!options.encoder.empty() && options.encoder != kind.element) continue;
    if (!options.encoder.empty()) require_element(options.encoder);
    if (opens(kind.element)) return VideoEncoder(kind, options);
  }
  if (options.encoder.empty()) require_element("x264enc");
  throw ProgramError(kExitUnavailable,
                     fmt::format("--encoder {}: unknown, or its device does not open", options.encoder));
}

std::string VideoEncoder::description() const {
  const bool high = options_.profile == H264Profile::ConstrainedHigh;
  return fmt::format(
      "videoconvert ! {} name=encoder ! "
      "video/x-h264,stream-format=byte-stream,alignment=au,profile=(string){}{}",
      kind_->element, high ? "{high,constrained-high}" : "constrained-baseline",
      kind_->level_in_caps && !options_.level.empty() ? ",level=(string)" + options_.level : "");
}

void VideoEncoder::attach(GstElement* element) {
  element_ = element;
  const bool high = options_.profile == H264Profile::ConstrainedHigh;
  const std::string settings =
      fmt::format(fmt::runtime(kind_->settings), fmt::arg("bit", options_.bitrate),
                  fmt::arg("peak", options_.bitrate * 5 / 4), fmt::arg("kbit", options_.bitrate / 1000),
                  fmt::arg("gop", options_.rate * kSecondsBetweenIdrs), fmt::arg("high", high),
                  fmt::arg("threads", macroblocks_per_second(options_) > kSingleThreadMacroblocks ? 2 : 1),
                  fmt::arg("x264", options_.level.empty() ? "" : "level=" + options_.level));
  for (const std::string_view setting : Parts(settings, ' ')) {
    const std::size_t equals = setting.find('=');
    set_if_known(element_, std::string(setting.substr(0, equals)).c_str(),
                 std::string(setting.substr(equals + 1)));
  }
}

bool VideoEncoder::set_bitrate(std::uint64_t bitrate) {
  if (kind_->bitrate_property == nullptr) return false;
  set_if_known(element_, "max-bitrate", std::to_string(bitrate * 5 / 4 / kind_->bitrate_unit));
  set_if_known(element_, kind_->bitrate_property, std::to_string(bitrate / kind_->bitrate_unit));
  return true;
}

void VideoEncoder::request_idr() {
  gst_element_send_event(element_, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

}  // namespace wfdcast::media
