#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rtsp/parameters.h"
#include "wfd/sink_capabilities.h"
#include "wfd/stream_format.h"

namespace wfdcast::rtsp {

// A wfdcast sink is asked more than a standard one: what no television knows,
// no television sees.
enum class SinkKind : std::uint8_t { Standard, Wfdcast };

// R2 adds pictures beyond 1920x1200 (wfd2_video_formats). It is asked for only
// where such a picture is wanted: a sink of R2 then tells nothing in R1's terms.
enum class Generation : std::uint8_t { R1, R2 };

// Touch, mouse and keys of the sink: asked for only where somebody may send them.
enum class InputInterest : std::uint8_t { None, Wanted };

// Body of M3.
[[nodiscard]] std::string capability_questions(SinkKind kind, Generation generation = Generation::R1,
                                               InputInterest input = InputInterest::None);
// The answer to M3 as a source reads it. The three mandatory names must be there.
[[nodiscard]] Result<SinkCapabilities, ParameterError> parse_capabilities(std::string_view body);

// What a sink may say of itself: 640x480p60 always, and a higher refresh rate
// only together with its lower partner; one profile and one level in a codec.
[[nodiscard]] SinkCapabilities offered(SinkCapabilities capabilities);
// The sink's answer to M3: each name once, "none" for what it does not have.
[[nodiscard]] std::string capability_answers(const std::vector<Parameter>& questions,
                                             const SinkCapabilities& capabilities);
// The answer of a source, which has nothing of what a sink could ask.
[[nodiscard]] std::string none_answers(const std::vector<Parameter>& questions);

// Codes in the body of a 303.
inline constexpr std::string_view kNotSupported = "415";
inline constexpr std::string_view kInvalidValue = "457";

// The formats of M4. A display without sound is told nothing about sound.
[[nodiscard]] std::string format_change(const StreamFormat& format, const SinkCapabilities& sink);
// Body of M4.
[[nodiscard]] std::string format_choice(const StreamFormat& format, const SinkCapabilities& sink,
                                        std::string_view presentation_url);
// What to try when the sink refused M4: 640x480p60 and LPCM in place of what
// the body of its 303 names, or of everything when it names nothing.
[[nodiscard]] StreamFormat conservative(StreamFormat format, const SinkCapabilities& sink,
                                        std::string_view refusal);
// M4 as the sink reads it: `current` changed by the formats in `parameters`, or
// the body of a 303 when it cannot take them.
[[nodiscard]] Result<StreamFormat, std::string> apply_choice(const std::vector<Parameter>& parameters,
                                                             const SinkCapabilities& sink,
                                                             StreamFormat current);

}  // namespace wfdcast::rtsp
