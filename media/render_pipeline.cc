#include "media/render_pipeline.h"

#include <fmt/format.h>

#include <utility>

namespace wfdcast::media {
namespace {

// The sender's PTS lies far enough after its PCR for steady arrival; the
// daemon has removed the network's jitter already. This is for our own.
constexpr const char* kFront =
    "appsrc name=input is-live=true do-timestamp=true format=time max-bytes=4194304 leaky-type=downstream "
    "caps=video/mpegts,systemstream=true,packetsize=188 ! tsdemux name=demux latency=20";

std::string caps_name(const GstCaps* caps) { return gst_structure_get_name(gst_caps_get_structure(caps, 0)); }

}  // namespace

RenderPipeline::RenderPipeline(const RenderOptions& options, RenderReport& report, OnEnd on_end)
    : options_(options),
      report_(report),
      on_end_(std::move(on_end)),
      pipeline_(make_pipeline(kFront)),
      feed_(part(pipeline_.get(), "input"), report_, [this] { on_input_end(); }) {
  require_decoders(options_);
  const auto on_pad =
      +[](GstElement*, GstPad* pad, gpointer self) { static_cast<RenderPipeline*>(self)->on_stream(pad); };
  g_signal_connect(part(pipeline_.get(), "demux"), "pad-added", G_CALLBACK(on_pad), this);
  const auto on_bus = [](GstBus*, GstMessage* message, gpointer self) -> gboolean {
    static_cast<RenderPipeline*>(self)->on_message(message);
    return G_SOURCE_CONTINUE;
  };
  const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
  gst_bus_add_watch(bus.get(), on_bus, this);
}

RenderPipeline::~RenderPipeline() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

void RenderPipeline::start() { gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING); }

void RenderPipeline::on_stream(GstPad* pad) try {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  const auto branch = branch_for(caps, options_);
  if (!branch) fmt::print(stderr, "wfd-render: cannot show a stream of type {}, ignoring\n", caps_name(caps));
  gst_caps_unref(caps);
  if (!branch || (branch->kind == StreamKind::Audio && !options_.audio)) return;

  GstElement*& bin = branch->kind == StreamKind::Video ? video_ : audio_;
  if (bin == nullptr) {
    bin = make_bin(*branch).release();
    count_output(bin, branch->kind);
    gst_bin_add(GST_BIN(pipeline_.get()), bin);
    gst_element_sync_state_with_parent(bin);
  }
  const Owned<GstPad> sink(gst_element_get_static_pad(bin, "sink"));
  // A new PMT: the demultiplexer adds the new streams before it removes the old.
  if (const Owned<GstPad> old{gst_pad_get_peer(sink.get())}) gst_pad_unlink(old.get(), sink.get());
  const auto on_event = [](GstPad*, GstPadProbeInfo* info, gpointer self) {
    const bool keep = static_cast<RenderPipeline*>(self)->keeps(GST_PAD_PROBE_INFO_EVENT(info));
    return keep ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  };
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
  gst_pad_link(pad, sink.get());
} catch (const ProgramError& error) {
  fmt::print(stderr, "wfd-render: {}\n", error.what());
}

Owned<GstElement> RenderPipeline::make_bin(const Branch& branch) {
  GError* error = nullptr;
  Owned<GstElement> bin(gst_parse_bin_from_description(branch.description.c_str(), TRUE, &error));
  if (error == nullptr) return bin;
  const std::string reason = error->message;
  g_error_free(error);
  throw ProgramError(kExitUsage, reason);
}

void RenderPipeline::count_output(GstElement* bin, StreamKind kind) {
  const Owned<GstPad> pad(gst_element_get_static_pad(part(bin, Branch::kTap), "src"));
  const auto on_picture = [](GstPad* tap, GstPadProbeInfo* info, gpointer report) {
    GstCaps* caps = gst_pad_get_current_caps(tap);
    static_cast<RenderReport*>(report)->picture(GST_PAD_PROBE_INFO_BUFFER(info), caps);
    gst_caps_unref(caps);
    return GST_PAD_PROBE_OK;
  };
  const auto on_sound = [](GstPad*, GstPadProbeInfo* info, gpointer report) {
    static_cast<RenderReport*>(report)->sound(GST_PAD_PROBE_INFO_BUFFER(info));
    return GST_PAD_PROBE_OK;
  };
  const GstPadProbeCallback count = kind == StreamKind::Video ? GstPadProbeCallback{on_picture} : on_sound;
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, count, &report_, nullptr);
}

// The end of one programme is not the end: a source that starts again goes on in the same sinks.
bool RenderPipeline::keeps(GstEvent* event) const {
  return GST_EVENT_TYPE(event) != GST_EVENT_EOS || input_ended_;
}

void RenderPipeline::on_message(GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      report_.error();
      fmt::print(stderr, "wfd-render: {}\n", describe(message));
      // Without a stream there is nothing that could reach a sink; that is no fault of ours.
      return on_end_(input_ended_ && video_ == nullptr && audio_ == nullptr ? 0 : kExitFailed);
    case GST_MESSAGE_WARNING:
      report_.warning();
      fmt::print(stderr, "wfd-render: {}\n", describe(message));
      return;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
      return;
    case GST_MESSAGE_EOS:
      return on_end_(0);
    default:
      return;
  }
}

void RenderPipeline::on_input_end() { input_ended_ = true; }

}  // namespace wfdcast::media
