#pragma once

#include <chrono>
#include <optional>

namespace wfdcast {

using Duration = std::chrono::nanoseconds;
// A point on the monotonic clock. Core objects get it as an argument; only
// platform/ and daemon/ read the clock.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

using namespace std::chrono_literals;

// The earlier of two deadlines, where nullopt means "never".
inline std::optional<Time> earliest(std::optional<Time> a, std::optional<Time> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace wfdcast
