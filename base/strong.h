#pragma once

#include <compare>

namespace wfdcast {

// A number that does not mix with other numbers.
template <class Tag, class T>
struct Strong {
  T value{};
  auto operator<=>(const Strong&) const = default;
};

}  // namespace wfdcast
