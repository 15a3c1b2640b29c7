#include "media/render_card.h"

#include <fmt/format.h>

namespace wfdcast::media {

std::string text_overlay(const RenderOptions& options) {
  if (options.text.empty() || !has_element("textoverlay")) return {};
  return fmt::format(
      "textoverlay name={} shaded-background=true valignment=center halignment=center line-alignment=center "
      "font-desc=\"Sans Bold 36\"",
      Branch::kTap);
}

std::optional<Branch> text_card(const RenderOptions& options) {
  const std::string overlay = text_overlay(options);
  if (overlay.empty()) return std::nullopt;
  return Branch{StreamKind::Video,
                fmt::format("videotestsrc is-live=true pattern=black ! "
                            "video/x-raw,width=1280,height=720,framerate=5/1 ! {} ! videoconvert ! {}",
                            overlay, options.video_sink)};
}

void set_text(GstElement* bin, const RenderOptions& options) {
  if (!text_overlay(options).empty())
    g_object_set(part(bin, Branch::kTap), "text", options.text.c_str(), nullptr);
}

}  // namespace wfdcast::media
