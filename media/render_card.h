#pragma once

#include <string>

#include "media/render_decoder.h"
#include "media/render_options.h"

namespace wfdcast::media {

// --text: what is decoded passes a text overlay, which is the branch's tap, so that snapshots show it. Empty:
// there is no text, or no element for it.
[[nodiscard]] std::string text_overlay(const RenderOptions& options);
// The text alone, on black; nullopt as above.
[[nodiscard]] std::optional<Branch> text_card(const RenderOptions& options);
// Puts the text, as it is, into a branch that has the overlay.
void set_text(GstElement* bin, const RenderOptions& options);

}  // namespace wfdcast::media
