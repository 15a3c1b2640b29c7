#include "discovery/control_fields.h"

#include "base/text.h"

namespace wfdcast::discovery {
namespace {

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// The character that `\letter` stands for; nullopt for no known escape.
std::optional<char> escape_of(char letter) {
  switch (letter) {
    case '"':
    case '\\':
      return letter;
    case 'e':
      return '\033';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view ControlFields::take() { return take_word(text_); }

std::optional<std::string_view> ControlFields::find(std::string_view key) const {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const std::string_view word = take_word(rest);
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return word.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

MacAddress ControlFields::mac(std::string_view key) const {
  return parse_mac(find(key).value_or("")).value_or(MacAddress{});
}

std::optional<int> ControlFields::number(std::string_view key) const {
  const std::string_view text = find(key).value_or("");
  return text.starts_with("0x") ? parse_number<int>(text.substr(2), 16) : parse_number<int>(text);
}

Ipv4Address ControlFields::address(std::string_view key) const {
  return parse_address(find(key).value_or("")).value_or(Ipv4Address{});
}

bool ControlFields::has_word(std::string_view word) const {
  std::string_view rest = text_;
  while (!rest.empty()) {
    if (take_word(rest) == word) return true;
  }
  return false;
}

std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    if (const auto plain = escape_of(text[i + 1])) {
      result += *plain;
      ++i;
    } else if (const auto byte = from_hex(text.substr(i + 2, 2));
               text[i + 1] == 'x' && byte && byte->size() == 1) {
      result += static_cast<char>(byte->front());
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace wfdcast::discovery
