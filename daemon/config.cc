#include "daemon/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/text.h"
#include "daemon/config_keys.h"
#include "daemon/config_values.h"

namespace wfdcast::daemon {
namespace {

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
      read_value(key->field(config), node);
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
      for (const std::string_view item : Parts(value, ',')) items.push_back(std::string(item));
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
    read_value(key->field(changed), *table.get("value"));
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

std::string print_config(const Config& config) {
  Config copy = config;
  std::string text;
  for (const Key& key : key_table()) text += fmt::format("{} = {}\n", key.name, print_value(key.field(copy)));
  return text;
}

std::vector<std::string> changed_keys(const Config& before, const Config& after) {
  Config old_config = before;
  Config new_config = after;
  std::vector<std::string> changed;
  for (const Key& key : key_table()) {
    if (print_value(key.field(old_config)) != print_value(key.field(new_config)))
      changed.emplace_back(key.name);
  }
  return changed;
}

void copy_key(Config& to, const Config& from, std::string_view name) {
  Config copy = from;
  const Key* key = find_key(name);
  const toml::table table = toml::parse("value = " + print_value(key->field(copy)));
  read_value(key->field(to), *table.get("value"));
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
