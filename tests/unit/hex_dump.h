#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.h"
#include "tests/unit/test_data.h"

namespace wfdcast {

// `path` is relative to tests/data.
inline std::string read_text_file(const std::string& path) {
  std::ifstream file(std::string(kTestData) + "/" + path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Bytes as hex digits with blanks between; "#" starts a comment.
inline std::vector<std::uint8_t> read_hex_dump(const std::string& path) {
  std::istringstream lines(read_text_file(path));
  std::string digits;
  for (std::string line; std::getline(lines, line);) {
    for (const char c : line.substr(0, line.find('#'))) {
      if (c != ' ') digits += c;
    }
  }
  return from_hex(digits).value();
}

}  // namespace wfdcast
