#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config.h"

namespace wfdcast::daemon {

// How the value of a key is stored, and what it may be.
struct TextField {
  std::string* value;
};
struct ListField {
  std::vector<std::string>* value;
};
struct SwitchField {
  bool* value;
};
struct NumberField {  // an integer from `least` to `most`
  std::int64_t least, most;
  std::function<std::int64_t()> get;
  std::function<void(std::int64_t)> set;
};
struct DurationField {  // "150ms", "5s"
  Duration least, most;
  Duration* value;
};
struct SizeField {  // 4000000, "4M", "800k"
  std::uint64_t least, most;
  std::uint64_t* value;
};
struct ChoiceField {
  std::vector<std::string_view> names;
  std::function<std::size_t()> get;
  std::function<void(std::size_t)> set;
};
using Field =
    std::variant<TextField, ListField, SwitchField, NumberField, DurationField, SizeField, ChoiceField>;

enum class Change { AtStart, Live };

// One row of the table that reading, printing, comparing and checking share.
struct Key {
  std::string_view name;
  Change change;
  Field (*field)(Config&);
};
[[nodiscard]] std::span<const Key> key_table();
[[nodiscard]] const Key* find_key(std::string_view name);

}  // namespace wfdcast::daemon
