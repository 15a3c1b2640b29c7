#include "daemon/quirks.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "daemon/config.h"
#include "daemon/units.h"

namespace wfdcast::daemon {
namespace {

// `part` in lower case; an empty one matches anything.
bool contains(std::string_view text, std::string_view part) {
  return part.empty() || to_lower(text).find(part) != std::string::npos;
}

Duration keepalive_of(const std::string& text) {
  if (text == "off") return 0s;
  const auto period = parse_duration(text);
  if (!period || *period < 1s || *period > 55s) throw ConfigError("must be \"off\" or 1s to 55s");
  return *period;
}

AudioFormat audio_of(const std::string& text) {
  if (text == "lpcm") return AudioFormat::Lpcm;
  if (text == "aac") return AudioFormat::Aac;
  throw ConfigError("must be \"lpcm\" or \"aac\"");
}

VideoModes video_of(const std::string& text) {
  const auto modes = parse_video_wish(text);
  if (!modes) throw ConfigError("must be such as \"1080p30\"");
  return *modes;
}

template <class T>
T value_of(const toml::node& node, std::string_view what) {
  const auto value = node.value_exact<T>();
  if (!value) throw ConfigError(fmt::format("must be {}", what));
  return *value;
}

// As sysexits wants it from a configuration file.
[[noreturn]] void refuse(const std::string& path, const toml::source_region& where, std::string_view what) {
  throw ConfigError(fmt::format("{}:{}:{}: {}", path, where.begin.line, where.begin.column, what));
}

}  // namespace

QuirkTable QuirkTable::load(std::span<const std::string> paths) {
  QuirkTable table;
  for (const std::string& path : paths) {
    std::error_code none;
    if (!std::filesystem::is_directory(path, none)) {
      if (std::filesystem::exists(path, none)) table.read_file(path);
      continue;
    }
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path, none)) {
      if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) table.read_file(file);
  }
  return table;
}

// The keys of a row, and how each is read.
struct QuirkTable::Reader {
  using Read = void (*)(Row&, const toml::node&);
  std::string_view key;
  Read read;

  static std::span<const Reader> all();
};

std::span<const QuirkTable::Reader> QuirkTable::Reader::all() {
  static constexpr auto text = [](const toml::node& node) { return value_of<std::string>(node, "a text"); };
  static constexpr auto flag = [](const toml::node& node) { return value_of<bool>(node, "true or false"); };
  static const auto kReaders = std::to_array<Reader>({
      {"name", [](Row& row, const toml::node& node) { row.name = printable(text(node)); }},
      {"source", [](Row&, const toml::node& node) { (void)text(node); }},
      {"agent", [](Row& row, const toml::node& node) { row.agent = to_lower(text(node)); }},
      {"friendly_name", [](Row& row, const toml::node& node) { row.friendly_name = to_lower(text(node)); }},
      {"device_type", [](Row& row, const toml::node& node) { row.device_type = to_lower(text(node)); }},
      {"keepalive",
       [](Row& row, const toml::node& node) { row.says.session.keepalive = keepalive_of(text(node)); }},
      {"stop_refused_keepalive",
       [](Row& row, const toml::node& node) { row.says.session.stop_refused_keepalive = flag(node); }},
      {"wait_for_m2", [](Row& row, const toml::node& node) { row.says.session.wait_for_m2 = flag(node); }},
      {"one_server_port",
       [](Row& row, const toml::node& node) { row.says.session.one_server_port = flag(node); }},
      {"pause_at_source",
       [](Row& row, const toml::node& node) { row.says.session.pause_at_source = flag(node); }},
      {"one_client_port",
       [](Row& row, const toml::node& node) { row.says.session.one_client_port = flag(node); }},
      {"prefer_audio",
       [](Row& row, const toml::node& node) { row.says.prefer_audio = audio_of(text(node)); }},
      {"needs_audio", [](Row& row, const toml::node& node) { row.says.needs_audio = flag(node); }},
      {"max_video", [](Row& row, const toml::node& node) { row.says.video = video_of(text(node)); }},
  });
  return kReaders;
}

template <class Table>
QuirkTable::Row QuirkTable::read_row(const std::string& path, const Table& table) {
  Row row;
  for (const auto& [key, value] : table) {
    const auto known = std::find_if(Reader::all().begin(), Reader::all().end(),
                                    [&](const Reader& reader) { return reader.key == key.str(); });
    if (known == Reader::all().end()) refuse(path, key.source(), fmt::format("{}: unknown key", key.str()));
    try {
      known->read(row, value);
    } catch (const ConfigError& error) {
      refuse(path, value.source(), fmt::format("{}: {}", key.str(), error.what()));
    }
  }
  if (row.name.empty()) refuse(path, table.source(), "a quirk needs a name");
  if (row.agent.empty() && row.friendly_name.empty() && row.device_type.empty())
    refuse(path, table.source(), row.name + ": needs agent, friendly_name or device_type");
  return row;
}

void QuirkTable::read_file(const std::string& path) {
  toml::table file;
  try {
    file = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    refuse(path, error.source(), error.description());
  }
  for (const auto& [key, value] : file) {
    const auto* const rows = value.as_array();
    if (key.str() != "quirk" || rows == nullptr)
      refuse(path, key.source(), fmt::format("{}: must be [[quirk]]", key.str()));
    for (const toml::node& node : *rows) {
      if (!node.is_table()) refuse(path, node.source(), "quirk: must be a table");
      Row row = read_row(path, *node.as_table());
      std::erase_if(rows_, [&](const Row& other) { return other.name == row.name; });
      rows_.push_back(std::move(row));
    }
  }
}

AppliedQuirks QuirkTable::match(const PeerTraits& peer) const {
  AppliedQuirks applied;
  for (const Row& row : rows_) {
    if (!contains(peer.agent, row.agent) || !contains(peer.name, row.friendly_name) ||
        !contains(peer.device_type, row.device_type)) {
      continue;
    }
    const rtsp::Quirks& says = row.says.session;
    rtsp::Quirks& all = applied.session;
    if (says.keepalive) all.keepalive = says.keepalive;
    all.stop_refused_keepalive = all.stop_refused_keepalive || says.stop_refused_keepalive;
    all.wait_for_m2 = all.wait_for_m2 || says.wait_for_m2;
    all.one_server_port = all.one_server_port || says.one_server_port;
    all.pause_at_source = all.pause_at_source || says.pause_at_source;
    all.one_client_port = all.one_client_port || says.one_client_port;
    if (row.says.prefer_audio) applied.prefer_audio = row.says.prefer_audio;
    if (row.says.video) applied.video = row.says.video;
    applied.needs_audio = applied.needs_audio || row.says.needs_audio;
    applied.names.push_back(row.name);
  }
  return applied;
}

SinkCapabilities without_what_fails(SinkCapabilities sink, const AppliedQuirks& quirks) {
  const auto preferred = [&](const AudioCodec& codec) { return codec.format == quirks.prefer_audio; };
  if (std::any_of(sink.audio.begin(), sink.audio.end(), preferred)) {
    std::erase_if(sink.audio, [&](const AudioCodec& codec) { return !preferred(codec); });
  }
  if (quirks.video) {
    for (VideoCodec& codec : sink.video) codec.modes = codec.modes & *quirks.video;
  }
  return sink;
}

}  // namespace wfdcast::daemon
