#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/input.h"

namespace wfdcast::media {

// What the program that shows the picture writes to its stdout when somebody
// touches it, a line each; docs/media.md has the forms. nullopt: another line.
[[nodiscard]] std::optional<Input> parse_input_line(std::string_view line);

// Cuts a stream of bytes into lines. One that is too long is none.
class LineCutter {
 public:
  static constexpr std::size_t kMaxLine = 256;
  void push(std::string_view bytes, const std::function<void(std::string_view line)>& handle);

 private:
  std::string line_;
  bool too_long_ = false;
};

}  // namespace wfdcast::media
