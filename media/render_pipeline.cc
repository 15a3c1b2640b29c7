#include "media/render_pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "media/lpcm.h"
#include "media/render_card.h"
#include "media/render_navigation.h"

namespace wfdcast::media {
namespace {

// The sender's PTS lies far enough after its PCR for steady arrival; the
// daemon has removed the network's jitter already. This is for our own.
constexpr const char* kFront =
    "appsrc name=input is-live=true do-timestamp=true format=time max-bytes=4194304 leaky-type=downstream "
    "caps=video/mpegts,systemstream=true,packetsize=188 ! tsdemux name=demux latency=20";

constexpr guint kDrainMilliseconds = 300;

std::string caps_name(const GstCaps* caps) { return gst_structure_get_name(gst_caps_get_structure(caps, 0)); }

// A sink that waits for its first buffer holds up all the others: sound must
// not wait for the next IDR picture, nor the picture for sound.
void start_without_preroll(GstElement* bin) {
  GstIterator* sinks = gst_bin_iterate_recurse(GST_BIN(bin));
  const auto set = [](const GValue* item, gpointer) {
    set_if_known(GST_ELEMENT(g_value_get_object(item)), "async", "false");
  };
  gst_iterator_foreach(sinks, set, nullptr);
  gst_iterator_free(sinks);
}

}  // namespace

RenderPipeline::RenderPipeline(const RenderOptions& options, RenderReport& report, OnEnd on_end)
    : options_(complete(options)),
      report_(report),
      on_end_(std::move(on_end)),
      pipeline_(make_pipeline(kFront)),
      feed_(part(pipeline_.get(), "input"), report_, [this] { on_input_end(); }) {
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

void RenderPipeline::start() {
  if (const auto card = text_card(options_)) card_ = add_bin(*card);
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
}

// Before the picture takes its place: a screen may have room for one sink only.
void RenderPipeline::remove_card() {
  GstElement* const card = card_.exchange(nullptr);
  if (card == nullptr) return;
  gst_element_set_state(card, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline_.get()), card);
}

void RenderPipeline::on_stream(GstPad* pad) try {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  const auto branch = branch_for(caps, options_);
  if (!branch) fmt::print(stderr, "wfd-render: cannot show a stream of type {}, ignoring\n", caps_name(caps));
  gst_caps_unref(caps);
  if (!branch || (branch->kind == StreamKind::Audio && !options_.audio)) return;

  if (branch->kind == StreamKind::Video) remove_card();
  std::atomic<GstElement*>& place = branch->kind == StreamKind::Video ? video_ : audio_;
  if (place == nullptr) place = add_bin(*branch);
  GstElement* bin = place;
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

GstElement* RenderPipeline::add_bin(const Branch& branch) {
  GError* error = nullptr;
  GstElement* bin = gst_parse_bin_from_description(branch.description.c_str(), FALSE, &error);
  if (error != nullptr) {
    const std::string reason = error->message;
    g_error_free(error);
    throw ProgramError(kExitUsage, reason);
  }
  // Not every pad that is not linked: a text overlay would wait for what comes in at its second.
  if (const Owned<GstElement> front{gst_bin_get_by_name(GST_BIN(bin), Branch::kFront)}) {
    const Owned<GstPad> pad(gst_element_get_static_pad(front.get(), "sink"));
    gst_element_add_pad(bin, gst_ghost_pad_new("sink", pad.get()));
  }
  if (const Owned<GstElement> lpcm{gst_bin_get_by_name(GST_BIN(bin), "lpcm")}) take_lpcm_headers(lpcm.get());
  if (branch.kind == StreamKind::Video) set_text(bin, options_);
  count_output(bin, branch.kind);
  start_without_preroll(bin);
  gst_bin_add(GST_BIN(pipeline_.get()), bin);
  gst_element_sync_state_with_parent(bin);
  return bin;
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
  if (kind == StreamKind::Video && options_.input) tell_navigation(pad.get());
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
      return on_end_(input_ended_ ? 0 : kExitFailed);
    case GST_MESSAGE_WARNING:
      report_.warning();
      return complain(describe(message));
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
      return;
    case GST_MESSAGE_EOS:
      return on_end_(0);
    default:
      return;
  }
}

// Each lost packet is a warning of the demultiplexer's: a line a second is enough.
void RenderPipeline::complain(const std::string& line) {
  const gint64 now = g_get_monotonic_time();
  if (last_complaint_ != 0 && now - last_complaint_ < G_USEC_PER_SEC) return;
  last_complaint_ = now;
  fmt::print(stderr, "wfd-render: {}\n", line);
}

// A damaged stream may keep its end from some sink, and one without pictures
// has none that could tell: when nothing more comes out, this is the end too.
void RenderPipeline::on_input_end() {
  input_ended_ = true;
  remove_card();
  g_timeout_add(kDrainMilliseconds, drain, this);
}

gboolean RenderPipeline::drain(gpointer self) {
  auto* pipeline = static_cast<RenderPipeline*>(self);
  const std::uint64_t outputs = pipeline->report_.outputs();
  if (outputs == std::exchange(pipeline->outputs_, outputs)) pipeline->on_end_(0);
  return G_SOURCE_CONTINUE;
}

}  // namespace wfdcast::media
