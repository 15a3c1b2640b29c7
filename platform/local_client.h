#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/fd.h"

namespace wfdcast::platform {

// A blocking connection to a Unix stream socket, for programs without a loop.
[[nodiscard]] Result<Fd> connect_local(const std::string& path);
// All of it; without SIGPIPE where the other end has gone.
[[nodiscard]] Result<void> send_all(const Fd& fd, std::string_view bytes);

}  // namespace wfdcast::platform
