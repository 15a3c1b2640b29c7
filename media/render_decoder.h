#pragma once

#include <optional>
#include <string>

#include "media/program.h"
#include "media/render_options.h"

namespace wfdcast::media {

enum class StreamKind { Video, Audio };

// What follows the demultiplexer for one elementary stream, in gst-launch
// syntax: parser, decoder (hardware before software), converter, sink.
// It comes in at the element called kFront, if there is one; what was decoded
// passes kTap.
struct Branch {
  static constexpr const char *kFront = "front", *kTap = "tap";
  StreamKind kind = StreamKind::Video;
  std::string description;
};

// nullopt for a stream that WFD does not know. Throws ProgramError when a needed element is missing.
[[nodiscard]] std::optional<Branch> branch_for(const GstCaps* caps, const RenderOptions& options);

// With the sinks filled in that were not named. Throws ProgramError when what
// H.264, AAC or the sinks need is not there.
[[nodiscard]] RenderOptions complete(RenderOptions options);

}  // namespace wfdcast::media
