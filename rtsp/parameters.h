#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rtsp/grammar.h"
#include "wfd/sink_capabilities.h"

namespace wfdcast::rtsp {

// One line of a text/parameters body; a view into that body. The names in M3
// and the flag parameters have no value.
struct Parameter {
  Name name = Name::Unknown;
  std::string_view text;  // the name as the peer wrote it
  std::string_view value;
};
enum class ParameterError { TooMany, Missing, BadValue };
inline constexpr std::size_t kMaxParameters = 256;  // Windows asks 26

// Lines that are not a parameter are ignored.
[[nodiscard]] Result<std::vector<Parameter>, ParameterError> parse_parameters(std::string_view body);
[[nodiscard]] const Parameter* find(const std::vector<Parameter>& parameters, Name name);

// "name: value" and CRLF.
void append_parameter(std::string& body, std::string_view name, std::string_view value);
void append_parameter(std::string& body, Name name, std::string_view value);
// "name" and CRLF: a question in M3, or a flag parameter.
void append_name(std::string& body, Name name);

// wfd_video_formats. No codec: "none".
struct VideoFormats {
  std::uint8_t native = 0;
  std::uint8_t preferred = 0;
  std::vector<VideoCodec> codecs;
  bool operator==(const VideoFormats&) const = default;
};
[[nodiscard]] std::optional<VideoFormats> parse_video_formats(std::string_view value);
[[nodiscard]] std::string serialize(const VideoFormats& formats);
// wfd2_video_formats, as far as it is about H.264.
[[nodiscard]] std::optional<VideoFormats> parse_video_formats_r2(std::string_view value);
[[nodiscard]] std::string serialize_r2(const VideoFormats& formats);

// wfd_audio_codecs; empty: "none". Codecs of other names are left out, and so
// are those that cannot be read where another one can.
[[nodiscard]] std::optional<std::vector<AudioCodec>> parse_audio_codecs(std::string_view value);
[[nodiscard]] std::string serialize(const std::vector<AudioCodec>& codecs);

// wfd_client_rtp_ports: the ports of the primary and the secondary sink.
struct ClientRtpPorts {
  std::uint16_t primary = 0, secondary = 0;
  bool operator==(const ClientRtpPorts&) const = default;
};
[[nodiscard]] std::optional<ClientRtpPorts> parse_client_rtp_ports(std::string_view value);
[[nodiscard]] std::string serialize(const ClientRtpPorts& ports);

// The URL of the primary sink in wfd_presentation_URL.
[[nodiscard]] std::optional<std::string> parse_presentation_url(std::string_view value);

// wfdcast_repair: "none", or "nack", "parity", "fec" and "latency=150" (ms) with
// blanks between; other words are for later versions.
[[nodiscard]] RepairCapabilities parse_repair(std::string_view value);
[[nodiscard]] std::string serialize(const RepairCapabilities& repair);

// wfd_av_format_change_timing: 33-bit time stamps of 90 kHz of the first access
// unit in the new format.
struct FormatChangeTiming {
  std::uint64_t pts = 0, dts = 0;
  bool operator==(const FormatChangeTiming&) const = default;
};
[[nodiscard]] std::optional<FormatChangeTiming> parse_format_change_timing(std::string_view value);
[[nodiscard]] std::string serialize(const FormatChangeTiming& timing);

enum class Trigger : std::uint8_t { Setup, Play, Pause, Teardown };
[[nodiscard]] std::optional<Trigger> parse_trigger(std::string_view value);
[[nodiscard]] std::string_view to_string(Trigger trigger);

}  // namespace wfdcast::rtsp
