#include "media/capture_pipeline.h"

#include <fmt/format.h>

#include "base/overloaded.h"
#include "media/capture_source.h"
#include "media/lpcm.h"

namespace wfdcast::media {
namespace {

// PIDs of WFD (reference: AOSP's source), PAT and PMT every 50 ms.
constexpr const char* kMultiplexer =
    "mpegtsmux name=mux alignment=0 pat-interval=4500 pmt-interval=4500 pcr-interval=3600 ! "
    "appsink name=output sync=false buffer-list=true max-buffers=64";
constexpr unsigned kVideoPid = 0x1011, kAudioPid = 0x1100;
constexpr const char* kLpcmFrames = "lpcm_frames";
constexpr unsigned kAudioBitrate = 128'000;

std::string audio_encoder() {
  if (has_element("avenc_aac")) return fmt::format("avenc_aac bitrate={}", kAudioBitrate);
  if (has_element("voaacenc")) return fmt::format("voaacenc bitrate={}", kAudioBitrate);
  if (has_element("faac")) return fmt::format("faac bitrate={}", kAudioBitrate);
  require_element("avenc_aac");
  return {};
}

std::string video_branch(const CaptureOptions& options, const VideoEncoder& encoder) {
  return fmt::format(
      "{} ! valve name=video_valve ! queue leaky=downstream max-size-buffers=2 max-size-bytes=0 "
      "max-size-time=0 ! "
      "{}{} ! h264parse config-interval=-1 ! mux.sink_{}",
      video_source(options), video_overlay(options), encoder.description(), kVideoPid);
}

std::string aac_encoder() {
  return fmt::format(
      "audio/x-raw,rate=48000,channels=2 ! {} ! aacparse ! audio/mpeg,mpegversion=4,stream-format=adts",
      audio_encoder());
}

// Frames of 10 ms; the multiplexer takes them for DVD's LPCM.
std::string lpcm_frames() {
  return fmt::format(
      "{} ! audiobuffersplit name={} output-buffer-duration=1/100 ! capssetter replace=true join=false "
      "caps=audio/x-lpcm,width=16,rate=48000,channels=2,dynamic_range=0,emphasis=(boolean)false,"
      "mute=(boolean)false",
      kLpcmRaw, kLpcmFrames);
}

std::string audio_branch(const CaptureOptions& options) {
  return fmt::format(
      "{} ! valve name=audio_valve ! queue leaky=downstream max-size-buffers=0 max-size-bytes=0 "
      "max-size-time=200000000 ! audioconvert ! audioresample ! {} ! mux.sink_{}",
      audio_source(options), *options.audio == AudioFormat::Lpcm ? lpcm_frames() : aac_encoder(), kAudioPid);
}

std::string description(const CaptureOptions& options, const VideoEncoder& encoder) {
  std::string text = fmt::format("{} {}", kMultiplexer, video_branch(options, encoder));
  if (options.audio) text += ' ' + audio_branch(options);
  return text;
}

}  // namespace

CapturePipeline::CapturePipeline(const CaptureOptions& options, OnEnd on_end)
    : on_end_(std::move(on_end)),
      encoder_(VideoEncoder::choose(options)),
      pipeline_(make_pipeline(description(options, encoder_))),
      writer_(part(pipeline_.get(), "output"), [this] { on_end_(0); }, kAudioPid) {
  if (options.audio == AudioFormat::Lpcm) add_lpcm_headers(part(pipeline_.get(), kLpcmFrames));
  encoder_.attach(part(pipeline_.get(), "encoder"));
  set_up_sources(pipeline_.get(), options);
  if (options.source == CaptureSource::File) feed_ = std::make_unique<FileFeed>(options);
  const auto on_bus = [](GstBus*, GstMessage* message, gpointer self) -> gboolean {
    static_cast<CapturePipeline*>(self)->on_message(message);
    return G_SOURCE_CONTINUE;
  };
  const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
  gst_bus_add_watch(bus.get(), on_bus, this);
}

CapturePipeline::~CapturePipeline() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

void CapturePipeline::start() {
  if (feed_) feed_->start();
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);  // a failure comes as a message
}

void CapturePipeline::carry_out(const Order& order) {
  std::visit(overloaded{
                 [&](const MakeIdr&) { encoder_.request_idr(); },
                 [&](const SetBitrate& wanted) {
                   if (encoder_.set_bitrate(wanted.bitrate)) return;
                   fmt::print(
                       stderr,
                       "wfd-capture: this encoder cannot change its bitrate while it runs, ignoring\n");
                 },
                 [&](const Pause&) { drop_input(true); },
                 [&](const Resume&) {
                   drop_input(false);
                   encoder_.request_idr();
                 },
             },
             order);
}

// Not GST_STATE_PAUSED: the stream's time must go on with the clock, else a
// receiver would take what follows for late.
void CapturePipeline::drop_input(bool drop) {
  for (const char* name : {"video_valve", "audio_valve"}) {
    const Owned<GstElement> valve(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
    if (valve) g_object_set(valve.get(), "drop", drop, nullptr);
  }
}

void CapturePipeline::on_message(GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    fmt::print(stderr, "wfd-capture: {}\n", describe(message));
    on_end_(kExitFailed);
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) on_end_(0);
}

}  // namespace wfdcast::media
