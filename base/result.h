#pragma once

#include <system_error>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace wfdcast {

// A value, or the reason there is none. One alias, so that std::expected can
// take over when the compiler floor reaches GCC 13.
template <class T, class E = std::error_code>
using Result = tl::expected<T, E>;

template <class E>
[[nodiscard]] constexpr tl::unexpected<std::decay_t<E>> fail(E&& error) {
  return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

// The reason that a system call left in errno.
[[nodiscard]] inline tl::unexpected<std::error_code> fail_errno(int error) {
  return fail(std::error_code(error, std::system_category()));
}

}  // namespace wfdcast
