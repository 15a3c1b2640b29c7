#include "media/render_decoder.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "media/render_card.h"
#include "media/render_sink.h"

namespace wfdcast::media {
namespace {

struct Codec {
  StreamKind kind;
  const char* caps;  // as tsdemux names it
  const char* parser;
  std::array<const char*, 7> decoders;  // the first that opens; the last software one is named when none does
};

constexpr auto kCodecs = std::to_array<Codec>({
    {StreamKind::Video,
     "video/x-h264",
     "h264parse",
     {"v4l2slh264dec", "v4l2h264dec", "vah264dec", "vaapih264dec", "nvh264dec", "openh264dec", "avdec_h264"}},
    {StreamKind::Audio, "audio/mpeg,mpegversion=(int){2,4}", "aacparse", {"fdkaacdec", "faad", "avdec_aac"}},
    {StreamKind::Audio, "audio/x-ac3", "ac3parse", {"a52dec", "avdec_ac3"}},
    // WFD's LPCM: tsdemux takes stream type 0x83 for that of DVD audio. It only needs its header taken off.
    {StreamKind::Audio,
     "audio/x-private2-lpcm",
     "capssetter name=lpcm replace=true join=false "
     "caps=audio/x-raw,format=S16BE,rate=48000,channels=2,layout=interleaved",
     {"identity"}},
});

// Software that is only taken where the better one is missing.
constexpr std::string_view kLastResort = "openh264dec";

std::string choose_decoder(const Codec& codec) {
  const char* preferred = nullptr;
  for (const char* decoder : codec.decoders) {
    if (decoder == nullptr) break;
    preferred = decoder;
    if (decoder != kLastResort && opens(decoder)) return decoder;
  }
  if (codec.kind == StreamKind::Video && has_element(std::string(kLastResort)))
    return std::string(kLastResort);
  require_element(preferred);
  return preferred;
}

bool matches(const GstCaps* caps, const Codec& codec) {
  GstCaps* wanted = gst_caps_from_string(codec.caps);
  const bool match = gst_caps_can_intersect(caps, wanted) != FALSE;
  gst_caps_unref(wanted);
  return match;
}

std::string video_branch(const Codec& codec, const RenderOptions& options) {
  const std::string overlay = text_overlay(options);
  const std::string decoded =
      overlay.empty() ? fmt::format(" name={}", Branch::kTap) : " ! videoconvert ! " + overlay;
  return fmt::format("queue name={} max-size-buffers=0 max-size-bytes=0 ! {} ! {}{} ! videoconvert ! {}",
                     Branch::kFront, codec.parser, choose_decoder(codec), decoded, options.video_sink);
}

std::string audio_branch(const Codec& codec, const RenderOptions& options) {
  return fmt::format(
      "queue name={} max-size-buffers=0 max-size-bytes=0 ! {} ! {} ! audioconvert ! audioresample ! "
      "capsfilter "
      "name={} "
      "caps=audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved ! {}",
      Branch::kFront, codec.parser, choose_decoder(codec), Branch::kTap, options.audio_sink);
}

Branch make_branch(const Codec& codec, const RenderOptions& options) {
  const bool video = codec.kind == StreamKind::Video;
  Branch branch{codec.kind, video ? video_branch(codec, options) : audio_branch(codec, options)};
  require_elements(branch.description);
  return branch;
}

}  // namespace

std::optional<Branch> branch_for(const GstCaps* caps, const RenderOptions& options) {
  for (const Codec& codec : kCodecs) {
    if (matches(caps, codec)) return make_branch(codec, options);
  }
  return std::nullopt;
}

RenderOptions complete(RenderOptions options) {
  if (options.video_sink.empty()) options.video_sink = choose_video_sink();
  if (options.audio && options.audio_sink.empty()) options.audio_sink = choose_audio_sink();
  (void)make_branch(kCodecs[0], options);
  if (options.audio) (void)make_branch(kCodecs[1], options);
  return options;
}

}  // namespace wfdcast::media
