#include "daemon/config_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/overloaded.h"
#include "daemon/units.h"

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

}  // namespace

void read_value(const Field& field, const toml::node& node) {
  std::visit([&](const auto& one) { read(one, node); }, field);
}

std::string print_value(const Field& field) {
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

}  // namespace wfdcast::daemon
