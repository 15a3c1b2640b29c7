#pragma once

#include <string>

#include "base/result.h"
#include "platform/fd.h"

namespace wfdcast::platform {

// A blocking connection to a Unix stream socket, for programs without a loop.
[[nodiscard]] Result<Fd> connect_local(const std::string& path);

}  // namespace wfdcast::platform
