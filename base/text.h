#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace wfdcast {

inline constexpr auto is_blank = [](char c) { return c == ' ' || c == '\t'; };

// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// The parts between `separator`, each trimmed, one after the other; one empty part for an empty text.
class Parts {
 public:
  struct End {};
  Parts(std::string_view text, char separator) : rest_(text), separator_(separator) { next(); }
  [[nodiscard]] Parts begin() const { return *this; }
  [[nodiscard]] End end() const { return {}; }
  std::string_view operator*() const { return part_; }
  Parts& operator++() {
    next();
    return *this;
  }
  bool operator==(End) const { return over_; }

 private:
  void next();

  std::string_view rest_, part_;
  char separator_;
  bool last_ = false, over_ = false;
};
// The same at once, where they are wanted by number.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// ASCII letters of either case are equal.
[[nodiscard]] bool same_but_case(std::string_view a, std::string_view b);
// Mostly the length decides.
[[nodiscard]] inline bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_but_case(a, b);
}

[[nodiscard]] std::string to_lower(std::string_view text);

// Grows `out` once for all of `parts`: by one append() after the other it costs twice as much.
void append_parts(std::string& out, std::initializer_list<std::string_view> parts);

// The whole text as an unsigned or signed number of type T; nullopt for an
// empty text, a sign before an unsigned number, other characters, or overflow.
template <class T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Lower-case hex digits, two for each byte.
[[nodiscard]] std::string to_hex(ByteView bytes);
// Either case; nullopt for an odd count or another character.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

// Text from a stranger, made safe to show to a person: invalid UTF-8, control
// characters and bidirectional overrides are removed.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace wfdcast
