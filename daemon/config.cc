#include "daemon/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "base/endpoint.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/config_keys.h"
#include "daemon/units.h"
#include "media/ts_input.h"
#include "media/ts_output.h"
#include "security/identity.h"

namespace wfdcast::daemon {
namespace {

std::string_view type_name(const toml::node& node) {
  if (node.is_string()) return "a string";
  if (node.is_integer()) return "an integer";
  if (node.is_boolean()) return "true or false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "another type";
}
[[noreturn]] void wrong_type(std::string_view wanted, const toml::node& node) {
  throw ConfigError(fmt::format("must be {}, not {}", wanted, type_name(node)));
}

void read(const TextField& field, const toml::node& node) {
  if (!node.is_string()) wrong_type("a string", node);
  *field.value = node.as_string()->get();
}
void read(const ListField& field, const toml::node& node) {
  std::vector<std::string> items;
  if (const auto* one = node.as_string()) {
    items.push_back(one->get());
  } else if (const auto* list = node.as_array()) {
    for (const toml::node& item : *list) {
      if (!item.is_string()) wrong_type("a list of strings", item);
      items.push_back(item.as_string()->get());
    }
  } else {
    wrong_type("a string or a list of strings", node);
  }
  *field.value = std::move(items);
}
void read(const SwitchField& field, const toml::node& node) {
  if (!node.is_boolean()) wrong_type("true or false", node);
  *field.value = node.as_boolean()->get();
}
void read(const NumberField& field, const toml::node& node) {
  if (!node.is_integer()) wrong_type("an integer", node);
  const std::int64_t value = node.as_integer()->get();
  if (value < field.least || value > field.most) {
    throw ConfigError(fmt::format("must be {} to {}", field.least, field.most));
  }
  field.set(value);
}
void read(const DurationField& field, const toml::node& node) {
  if (!node.is_string()) wrong_type("a time such as \"150ms\" or \"5s\"", node);
  const auto value = parse_duration(node.as_string()->get());
  if (!value) throw ConfigError("must be a time such as \"150ms\" or \"5s\"");
  if (*value < field.least || *value > field.most) {
    throw ConfigError(
        fmt::format("must be {} to {}", print_duration(field.least), print_duration(field.most)));
  }
  *field.value = *value;
}
void read(const SizeField& field, const toml::node& node) {
  std::optional<std::uint64_t> value;
  if (const auto* text = node.as_string()) value = parse_size(text->get());
  if (const auto* number = node.as_integer(); number && number->get() >= 0) {
    value = static_cast<std::uint64_t>(number->get());
  }
  if (!value) throw ConfigError("must be a number such as 4000000, \"4M\" or \"800k\"");
  if (*value < field.least || *value > field.most) {
    throw ConfigError(fmt::format("must be {} to {}", print_size(field.least), print_size(field.most)));
  }
  *field.value = *value;
}
void read(const ChoiceField& field, const toml::node& node) {
  const auto* text = node.as_string();
  const auto name = text ? std::find(field.names.begin(), field.names.end(), text->get()) : field.names.end();
  if (name == field.names.end()) {
    throw ConfigError(fmt::format("must be one of \"{}\"", fmt::join(field.names, "\", \"")));
  }
  field.set(static_cast<std::size_t>(name - field.names.begin()));
}

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + '"';
}
std::string print(const Field& field) {
  return std::visit(overloaded{
                        [](const TextField& f) { return quote(*f.value); },
                        [](const ListField& f) {
                          std::vector<std::string> items;
                          for (const std::string& item : *f.value) items.push_back(quote(item));
                          return fmt::format("[{}]", fmt::join(items, ", "));
                        },
                        [](const SwitchField& f) { return std::string(*f.value ? "true" : "false"); },
                        [](const NumberField& f) { return fmt::to_string(f.get()); },
                        [](const DurationField& f) { return quote(print_duration(*f.value)); },
                        [](const SizeField& f) { return quote(print_size(*f.value)); },
                        [](const ChoiceField& f) { return quote(f.names[f.get()]); },
                    },
                    field);
}

// "720p30": at most 720 lines and 30 frames a second. "best": no limit.
struct VideoLimit {
  unsigned height = UINT16_MAX, rate = UINT8_MAX;
};
std::optional<VideoLimit> parse_video_limit(std::string_view text) {
  if (text == "best") return VideoLimit{};
  const std::size_t p = text.find('p');
  if (p == std::string_view::npos) return std::nullopt;
  const auto height = parse_number<std::uint16_t>(text.substr(0, p));
  const auto rate = parse_number<std::uint8_t>(text.substr(p + 1));
  if (!height || !rate || *height < 480 || *rate < 24) return std::nullopt;
  return VideoLimit{*height, *rate};
}

std::string at(const std::string& path, const toml::source_region& where, std::string_view what) {
  return fmt::format("{}:{}:{}: {}", path, where.begin.line, where.begin.column, what);
}

void read_table(Config& config, const std::string& path, const std::string& prefix,
                const toml::table& table) {
  for (const auto& [name, node] : table) {
    const std::string full = prefix + std::string(name.str());
    const Key* key = find_key(full);
    if (!key && node.is_table()) {
      const auto known = [&](const Key& k) { return k.name.starts_with(full + "."); };
      if (std::any_of(key_table().begin(), key_table().end(), known)) {
        read_table(config, path, full + ".", *node.as_table());
        continue;
      }
    }
    if (!key) throw ConfigError(at(path, name.source(), full + ": unknown key"));
    try {
      std::visit([&](const auto& field) { read(field, node); }, key->field(config));
    } catch (const ConfigError& error) {
      throw ConfigError(at(path, node.source(), full + ": " + error.what()));
    }
  }
}

void read_file(Config& config, const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ConfigError(fmt::format("{}: {}", path, std::generic_category().message(errno)));
  try {
    read_table(config, path, "", toml::parse(file, path));
  } catch (const toml::parse_error& error) {
    throw ConfigError(at(path, error.source(), error.description()));
  }
}

// The value of --set and `wfdctl set` as a TOML node: text for a text key,
// else TOML, and for a list also comma-separated.
toml::table value_of(const Key& key, Config& config, std::string_view value) {
  const Field field = key.field(config);
  const bool quoted =
      std::holds_alternative<SwitchField>(field) || std::holds_alternative<NumberField>(field);
  toml::table table;
  if (std::holds_alternative<ListField>(field) && !value.starts_with('[')) {
    toml::array items;
    if (!value.empty()) {
      for (const std::string_view item : split(value, ',')) items.push_back(std::string(item));
    }
    table.insert("value", std::move(items));
  } else if (std::holds_alternative<ListField>(field) || quoted) {
    table = toml::parse(fmt::format("value = {}", value));
  } else {
    table.insert("value", std::string(value));
  }
  return table;
}

}  // namespace

Duration Config::latency() const {
  return stream.latency == "auto" ? Duration(150ms) : parse_duration(stream.latency).value_or(150ms);
}

bool Config::repairs_by(std::string_view means) const {
  return std::find(stream.repair.begin(), stream.repair.end(), means) != stream.repair.end();
}

std::optional<VideoModes> parse_video_wish(std::string_view text) {
  const auto limit = parse_video_limit(text);
  if (!limit) return std::nullopt;
  VideoModes modes = VideoMode{}.bit();  // 640x480p60, which every sink can
  for (const VideoMode& mode : video_modes()) {
    if (mode.interlaced || mode.height > limit->height || mode.rate > limit->rate) continue;
    modes = modes | mode.bit();
  }
  return modes;
}

VideoModes Config::wanted_modes() const { return parse_video_wish(stream.video).value_or(VideoModes{}); }

std::optional<stream::FecMatrix> parse_fec_matrix(std::string_view text) {
  constexpr unsigned kLeast = 4, kMost = 20;
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto columns = parse_number<unsigned>(text.substr(0, x)),
             rows = parse_number<unsigned>(text.substr(x + 1));
  const auto fits = [](const auto& number) { return number && *number >= kLeast && *number <= kMost; };
  if (!fits(columns) || !fits(rows) || *columns * *rows > stream::kMostInMatrix) return std::nullopt;
  return stream::FecMatrix{.columns = *columns, .rows = *rows, .row_packets = true};
}

H264Level Config::wanted_level() const {
  const auto limit = parse_video_limit(stream.video).value_or(VideoLimit{});
  constexpr unsigned kMostOfR1 = 1200;
  return limit.height > kMostOfR1 && stream.video != "best" ? H264Level::L5_2 : H264Level::L4_2;
}

void apply_setting(Config& config, std::string_view setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos) throw ConfigError(fmt::format("{}: must be KEY=VALUE", setting));
  const std::string_view name = trim(setting.substr(0, equals));
  const std::string_view value = trim(setting.substr(equals + 1));
  const Key* key = find_key(name);
  if (!key) throw ConfigError(fmt::format("{}: unknown key", name));
  Config changed = config;
  try {
    const toml::table table = value_of(*key, changed, value);
    std::visit([&](const auto& field) { read(field, *table.get("value")); }, key->field(changed));
  } catch (const toml::parse_error& error) {
    throw ConfigError(fmt::format("{}: \"{}\" is not a value: {}", name, value, error.description()));
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("{}: {}", name, error.what()));
  }
  config = std::move(changed);
}

Config load_config(const std::string& path, std::span<const std::string> settings) {
  Config config;
  if (!path.empty()) read_file(config, path);
  for (const std::string& setting : settings) apply_setting(config, setting);
  check_config(config);
  return config;
}

std::optional<InterfaceAddress> parse_interface_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const auto prefix = parse_number<int>(text.substr(slash + 1));
  if (!address || !*address || !prefix || *prefix < 8 || *prefix > 30) return std::nullopt;
  return InterfaceAddress{*address, *prefix};
}

void check_config(const Config& config) {
  const auto require = [](bool condition, std::string_view key, std::string_view what) {
    if (!condition) throw ConfigError(fmt::format("{}: {}", key, what));
  };
  const auto& stream = config.stream;
  const auto group = parse_address(stream.group);
  const bool chosen = stream.group == "auto";
  require(chosen || (group && group->is_multicast()), "stream.group",
          "must be \"auto\" or a multicast address, 224.0.0.0 to 239.255.255.255");
  constexpr std::uint32_t kSourceSpecific = 232;
  require(!stream.ssm || chosen || group->value >> 24 == kSourceSpecific, "stream.group",
          "must be in 232.0.0.0/8 with stream.ssm");
  require(!stream.announce || config.security.mode == SecurityMode::Open, "stream.announce",
          "needs security.mode = \"open\": what is encrypted nobody else can watch");
  require(stream.rtp_port % 2 == 0, "stream.rtp_port", "must be even; RTCP takes the next port");
  require(parse_video_limit(stream.video).has_value(), "stream.video",
          "must be \"best\" or such as \"720p30\"");
  const auto latency = parse_duration(stream.latency);
  require(stream.latency == "auto" || (latency && *latency >= 20ms && *latency <= 2s), "stream.latency",
          "must be \"auto\" or a time from 20ms to 2s");
  require(!config.interface.empty(), "interface", "must name at least one interface");
  for (const std::string& name : config.interface) {
    require(!name.empty() && name.size() < 16 && name.find_first_of("/ ") == std::string::npos, "interface",
            fmt::format("\"{}\" is not the name of an interface", name));
  }
  for (const std::string& means : stream.repair) {
    require(means == "nack" || means == "fec", "stream.repair", "may hold \"nack\" and \"fec\"");
  }
  require(stream.fec_matrix == "auto" || parse_fec_matrix(stream.fec_matrix), "stream.fec_matrix",
          "must be \"auto\" or such as \"10x5\": 4 to 20 columns and rows, at most 100 packets");
  const auto& from = config.source.input_from;
  const auto alone = [&](std::string_view word) {
    return from.size() == 1 || std::ranges::find(from, word) == from.end();
  };
  require(!from.empty() && alone("none") && alone("ask"), "source.input_from",
          "must be \"none\", \"ask\", or names of sinks");
  require(config.source.input_port != config.rtsp.port, "source.input_port", "must not be rtsp.port");
  require(config.name.size() <= 64, "name", "must be at most 64 bytes");
  require(config.control.socket.size() < 108, "control.socket", "must be shorter than 108 bytes");
  require(config.discovery.ttl >= 2 * config.discovery.interval, "discovery.ttl",
          "must be twice discovery.interval");
  require(config.rtsp.keepalive + 5s <= config.rtsp.timeout, "rtsp.keepalive",
          "must be 5s below rtsp.timeout");
  require(config.wifi.group_address.empty() || parse_interface_address(config.wifi.group_address),
          "wifi.group_address", "must be such as \"192.168.49.1/24\", or empty");
  if (const auto input = media::check_input(config.source.input); !input) {
    throw ConfigError("source.input: " + input.error());
  }
  if (const auto output = media::check_output(config.sink.output); !output) {
    throw ConfigError("sink.output: " + output.error());
  }
  require(config.security.mode == SecurityMode::Open || security::has_tls(), "security.mode",
          "this wfdd was built without TLS and SRTP; it knows only \"open\"");
  require(config.http.listen.empty(), "http.listen", "is not available in this version");
}

std::string print_config(const Config& config) {
  Config copy = config;
  std::string text;
  for (const Key& key : key_table()) text += fmt::format("{} = {}\n", key.name, print(key.field(copy)));
  return text;
}

std::vector<std::string> changed_keys(const Config& before, const Config& after) {
  Config old_config = before;
  Config new_config = after;
  std::vector<std::string> changed;
  for (const Key& key : key_table()) {
    if (print(key.field(old_config)) != print(key.field(new_config))) changed.emplace_back(key.name);
  }
  return changed;
}

void copy_key(Config& to, const Config& from, std::string_view name) {
  Config copy = from;
  const Key* key = find_key(name);
  const toml::table table = toml::parse("value = " + print(key->field(copy)));
  std::visit([&](const auto& field) { read(field, *table.get("value")); }, key->field(to));
}

bool changes_live(std::string_view name) {
  const Key* key = find_key(name);
  return key && key->change == Change::Live;
}

std::vector<std::string> config_keys() {
  std::vector<std::string> names;
  for (const Key& key : key_table()) names.emplace_back(key.name);
  return names;
}

}  // namespace wfdcast::daemon
