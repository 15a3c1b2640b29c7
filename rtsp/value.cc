#include "rtsp/value.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "rtsp/edid.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {
namespace {

using Kind = Field::Kind;
using Cells = std::vector<Cell>;

constexpr std::string_view kNone = "none";

// "LPCM|AAC|AC3": the one that `text` is, in the grammar's spelling.
std::string_view find_word(std::string_view words, std::string_view text) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find('|'), words.size());
    if (iequals(words.substr(0, end), text)) return words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return {};
}

std::optional<Cell> number(std::string_view text, int base) {
  const auto value = parse_number<std::uint64_t>(text, base);
  if (!value) return std::nullopt;
  return Cell{Cell::Kind::Number, *value, {}};
}

std::optional<Cell> hex_number(const Field& field, std::string_view text) {
  const auto cell = number(text, 16);
  const bool fits = cell && (field.digits >= 16 || cell->number >> (4 * field.digits) == 0);
  return fits ? cell : std::nullopt;
}

std::optional<Cell> decimal(const Field& field, std::string_view text) {
  if (!iequals(text.substr(0, field.words.size()), field.words)) return std::nullopt;
  const auto cell = number(text.substr(field.words.size()), 10);
  return cell && cell->number <= field.most ? cell : std::nullopt;
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdefABCDEF") == text.npos; }

std::optional<Cell> bytes(const Field& field, std::string_view text) {
  if (text.size() != field.digits || !is_hex(text)) return std::nullopt;
  return Cell{Cell::Kind::Text, 0, text};
}

std::optional<Cell> missing(const Field& field) {
  if (!field.may_lack) return std::nullopt;
  switch (field.kind) {
    case Kind::Hex:
    case Kind::Decimal:
      return Cell{Cell::Kind::Number, 0, {}};
    case Kind::Word:
      return Cell{Cell::Kind::Text, 0, field.words.substr(0, field.words.find('|'))};
    case Kind::HexOrNone:
    case Kind::Bytes:
    case Kind::BytesOrNone:
    case Kind::WordOrText:
    case Kind::Text:
      return Cell{};
  }
  return std::nullopt;
}

std::optional<Cell> read(const Field& field, std::string_view& rest) {
  if (field.kind == Kind::Text) {
    const std::string_view all = trim(std::exchange(rest, {}));
    if (field.digits != 0 && all.size() > field.digits) return std::nullopt;
    return all.empty() ? missing(field) : Cell{Cell::Kind::Text, 0, all};
  }
  const std::string_view word = next_word(rest);
  if (word.empty()) return missing(field);
  switch (field.kind) {
    case Kind::HexOrNone:
      if (iequals(word, kNone)) return Cell{};
      return hex_number(field, word);
    case Kind::Hex:
      return hex_number(field, word);
    case Kind::BytesOrNone:
      if (iequals(word, kNone)) return Cell{};
      return bytes(field, word);
    case Kind::Bytes:
      return bytes(field, word);
    case Kind::Decimal:
      return decimal(field, word);
    case Kind::Word: {
      const std::string_view known = find_word(field.words, word);
      return known.empty() ? std::nullopt : std::optional(Cell{Cell::Kind::Text, 0, known});
    }
    case Kind::WordOrText:
      return iequals(word, kNone) ? Cell{} : Cell{Cell::Kind::Text, 0, word};
    case Kind::Text:
      break;
  }
  return std::nullopt;
}

bool read_all(std::span<const Field> fields, std::string_view& rest, Cells& cells) {
  const std::size_t before = cells.size();
  for (const Field& field : fields) {
    const auto cell = read(field, rest);
    if (!cell) {
      cells.resize(before);
      return false;
    }
    cells.push_back(*cell);
  }
  return true;
}

// An item whose first word is none that we know, as DTS among audio codecs.
bool is_foreign(std::span<const Field> fields, std::string_view part) {
  const std::string_view word = next_word(part);
  return !word.empty() && fields.front().kind == Kind::Word && find_word(fields.front().words, word).empty();
}

// What follows the head: items, and behind the last one the tail.
bool read_items(const Grammar& grammar, std::string_view rest, Value& value) {
  bool foreign = false;
  std::string_view behind;
  while (!rest.empty()) {
    const std::size_t end = rest.find(',');
    std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    foreign = foreign || is_foreign(grammar.item, part);
    if (!read_all(grammar.item, part, value.cells)) continue;
    ++value.items;
    behind = part;
  }
  return (value.items > 0 || foreign) && read_all(grammar.tail, behind, value.cells);
}

void append(std::string& out, const Field& field, const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::None:
      if (field.kind != Kind::Text) out += kNone;
      return;
    case Cell::Kind::Text:
      out += cell.text;
      return;
    case Cell::Kind::Number:
      if (field.kind == Kind::Decimal) {
        out.append(field.words).append(std::to_string(cell.number));
      } else {
        append_hex(out, cell.number, field.digits);
      }
      return;
  }
}

// As many cells as `fields`, or all that are left.
void append_all(std::string& out, std::span<const Field> fields, std::span<const Cell>& cells) {
  for (const Field& field : fields) {
    if (cells.empty()) return;
    const bool nothing = field.kind == Kind::Text && cells.front().kind == Cell::Kind::None;
    if (!out.empty() && out.back() != ' ' && !nothing) out += ' ';
    append(out, field, cells.front());
    cells = cells.subspan(1);
  }
}

std::string_view unquoted(std::string_view text) {
  text = trim(text);
  const bool quoted = text.size() >= 2 && text.front() == text.back() && text.front() == '"';
  return quoted ? trim(text.substr(1, text.size() - 2)) : text;
}

}  // namespace

std::optional<Value> parse_value(Name name, std::string_view text) {
  const Grammar& grammar = grammar_of(name);
  text = unquoted(text);
  Value value;
  if (grammar.may_be_none && iequals(text, kNone)) return value;
  if (text.empty() || grammar.kind != Grammar::Kind::Fields) return std::nullopt;
  value.cells.reserve(grammar.head.size() + 2 * grammar.item.size() + grammar.tail.size());
  if (!read_all(grammar.head, text, value.cells)) return std::nullopt;
  if (!grammar.item.empty() && !read_items(grammar, text, value)) return std::nullopt;
  return value;
}

std::string serialize(Name name, const Value& value) {
  const Grammar& grammar = grammar_of(name);
  std::span<const Cell> cells = value.cells;
  if (cells.empty()) return std::string(kNone);
  std::string out;
  out.reserve(16 + 6 * cells.size());
  append_all(out, grammar.head, cells);
  for (std::size_t i = 0; i < value.items; ++i) {
    if (i > 0) out += ", ";
    append_all(out, grammar.item, cells);
  }
  append_all(out, grammar.tail, cells);
  return out;
}

std::optional<std::string> canonical(Name name, std::string_view text) {
  switch (grammar_of(name).kind) {
    case Grammar::Kind::Flag:
      return std::string();
    case Grammar::Kind::Edid:
      if (const auto edid = parse_display_edid(text)) return serialize(*edid);
      return std::nullopt;
    case Grammar::Kind::Uibc:
      if (const auto capability = parse_uibc_capability(text)) return serialize(*capability);
      return std::nullopt;
    case Grammar::Kind::Fields:
      if (const auto value = parse_value(name, text)) return serialize(name, *value);
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view next_word(std::string_view& rest) {
  const char* const end = rest.data() + rest.size();
  const char* const begin = std::find_if_not(rest.data(), end, is_blank);
  const char* const behind = std::find_if(begin, end, is_blank);
  rest = {behind, end};
  return {begin, behind};
}

void append_hex(std::string& out, std::uint64_t value, unsigned digits) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::array<char, 16> text;
  for (unsigned i = 0; i < digits; ++i) text[i] = kDigits[value >> 4 * (digits - 1 - i) & 0xF];
  out.append(text.data(), digits);
}

}  // namespace wfdcast::rtsp
