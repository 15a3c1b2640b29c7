#include "media/media_url.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <span>
#include <utility>

#include "base/text.h"

namespace wfdcast::media {
namespace {

struct SchemeName {
  std::string_view name;
  Scheme scheme;
  enum class Rest { Nothing, Something, Address } rest;
};
using Rest = SchemeName::Rest;

constexpr auto kInputs = std::to_array<SchemeName>({
    {"test", Scheme::Test, Rest::Nothing},
    {"file", Scheme::File, Rest::Something},
    {"fifo", Scheme::Fifo, Rest::Something},
    {"udp", Scheme::Udp, Rest::Address},
    {"exec", Scheme::Exec, Rest::Something},
});
constexpr auto kOutputs = std::to_array<SchemeName>({
    {"display", Scheme::Display, Rest::Nothing},
    {"file", Scheme::File, Rest::Something},
    {"fifo", Scheme::Fifo, Rest::Something},
    {"udp", Scheme::Udp, Rest::Address},
    {"exec", Scheme::Exec, Rest::Something},
    {"null", Scheme::Null, Rest::Nothing},
});

Result<MediaUrl, std::string> check_rest(const SchemeName& name, std::string_view rest) {
  MediaUrl url{name.scheme, std::string(rest), {}};
  switch (name.rest) {
    case Rest::Nothing:
      if (!rest.empty()) return fail(fmt::format("nothing may follow {}:", name.name));
      return url;
    case Rest::Something:
      if (rest.empty()) {
        return fail(
            fmt::format("{}: lacks its {}", name.name, name.scheme == Scheme::Exec ? "command" : "path"));
      }
      return url;
    case Rest::Address: {
      const auto endpoint = parse_endpoint(rest);
      if (!endpoint || endpoint->port == 0)
        return fail(fmt::format("{}:{}: not ADDRESS:PORT", name.name, rest));
      url.endpoint = *endpoint;
      return url;
    }
  }
  return url;
}

Result<MediaUrl, std::string> parse(std::string_view text, std::span<const SchemeName> names) {
  const std::size_t colon = text.find(':');
  std::string known;
  for (const SchemeName& name : names) {
    if (colon != std::string_view::npos && text.substr(0, colon) == name.name) {
      return check_rest(name, text.substr(colon + 1));
    }
    known += fmt::format(" {}:", name.name);
  }
  return fail(fmt::format("\"{}\" does not begin with one of{}", printable(text), known));
}

using Replacement = std::pair<std::string_view, std::string>;

std::array<Replacement, 7> replacements(const EncoderSettings& settings) {
  const auto& video = settings.format.video;
  const auto& audio = settings.format.audio;
  // A rate of an interlaced mode counts fields; encoders count pictures.
  const unsigned rate = !video ? 0 : video->mode.interlaced ? video->mode.rate / 2U : video->mode.rate;
  return {{
      {"{width}", std::to_string(video ? video->mode.width : 0)},
      {"{height}", std::to_string(video ? video->mode.height : 0)},
      {"{rate}", std::to_string(rate)},
      {"{bitrate}", std::to_string(settings.bitrate)},
      {"{profile}", video ? to_string(video->profile) : "none"},
      {"{level}", video ? to_string(video->level) : "none"},
      {"{audio}", audio ? to_lower(to_string(*audio)) : "none"},
  }};
}

bool is_executable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

}  // namespace

Result<MediaUrl, std::string> parse_input_url(std::string_view url) { return parse(url, kInputs); }
Result<MediaUrl, std::string> parse_output_url(std::string_view url) { return parse(url, kOutputs); }

std::string fill_in(std::string_view command, const EncoderSettings& settings) {
  const auto known = replacements(settings);
  std::string filled;
  while (!command.empty()) {
    bool replaced = false;
    for (const auto& [placeholder, value] : known) {
      if (!command.starts_with(placeholder)) continue;
      filled += value;
      command.remove_prefix(placeholder.size());
      replaced = true;
      break;
    }
    if (replaced) continue;
    filled += command.front();
    command.remove_prefix(1);
  }
  return filled;
}

std::optional<std::string> find_program(const std::string& directory, const std::string& name) {
  if (!directory.empty() && is_executable(directory + '/' + name)) return directory + '/' + name;
  const char* path = std::getenv("PATH");
  for (const std::string_view place : Parts(path == nullptr ? "" : path, ':')) {
    const std::string candidate = fmt::format("{}/{}", place, name);
    if (!place.empty() && is_executable(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace wfdcast::media
