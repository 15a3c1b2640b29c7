#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/endpoint.h"
#include "base/result.h"
#include "media/ts_input.h"

namespace wfdcast::media {

enum class Scheme : std::uint8_t { Test, Display, File, Fifo, Udp, Exec, Null };

// "udp:239.1.1.1:5000", taken apart.
struct MediaUrl {
  Scheme scheme = Scheme::Null;
  std::string rest;   // path or command
  Endpoint endpoint;  // udp: only
};

// The reason where the URL is not one of an input or of an output.
[[nodiscard]] Result<MediaUrl, std::string> parse_input_url(std::string_view url);
[[nodiscard]] Result<MediaUrl, std::string> parse_output_url(std::string_view url);

// `command` with {width} {height} {rate} {bitrate} {profile} {level} {audio}
// filled in; other braces stay. What is not in the format becomes 0 or "none".
[[nodiscard]] std::string fill_in(std::string_view command, const EncoderSettings& settings);

// The executable `name` in `directory` or in PATH; nullopt when it is in neither.
[[nodiscard]] std::optional<std::string> find_program(const std::string& directory, const std::string& name);

}  // namespace wfdcast::media
