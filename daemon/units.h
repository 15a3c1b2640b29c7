#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace wfdcast::daemon {

// "150ms", "5s".
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string print_duration(Duration duration);
// "4000000", "800k", "4M"; powers of ten.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string print_size(std::uint64_t size);

}  // namespace wfdcast::daemon
