#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rtsp/grammar.h"

namespace wfdcast::rtsp {

// One field as it was read: a number, or text, which is a view into what was
// parsed or a word of the grammar.
struct Cell {
  enum class Kind : std::uint8_t { None, Number, Text };
  Kind kind = Kind::None;
  std::uint64_t number = 0;
  std::string_view text{};
  bool operator==(const Cell&) const = default;
};

// The value of any parameter whose grammar is made of fields: the cells of the
// head, of each item and of the tail, in a row. No cells: "none".
struct Value {
  std::vector<Cell> cells;
  std::size_t items = 0;
  bool operator==(const Value&) const = default;
};

// Lenient: numbers count by value, whatever their width; quotes, odd blanks and
// fields beyond the grammar do not matter; what may lack may lack. Items that
// cannot be read are left out as long as one can; those of a foreign first word
// (DTS) in any case. nullopt for anything else.
[[nodiscard]] std::optional<Value> parse_value(Name name, std::string_view text);
// Strict: exactly the widths and separators of the grammar.
[[nodiscard]] std::string serialize(Name name, const Value& value);

// Any parameter, parsed and written again in its strict form; nullopt where it
// cannot be read. A flag has an empty value.
[[nodiscard]] std::optional<std::string> canonical(Name name, std::string_view text);

// Cuts the first word off, which is empty at the end.
[[nodiscard]] std::string_view next_word(std::string_view& rest);
void append_hex(std::string& out, std::uint64_t value, unsigned digits);  // at most 16

}  // namespace wfdcast::rtsp
