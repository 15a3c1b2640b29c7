#pragma once

#include <nlohmann/json.hpp>

#include "base/input.h"
#include "wfd/uibc_capability.h"

namespace wfdcast::daemon {

// For `monitor`: {"kind": "key", "key": "Return", "press": "down"}.
[[nodiscard]] nlohmann::json to_json(const Input& input);
// Everything that a source can carry out; a sink offers what it has of it.
[[nodiscard]] UibcCapability all_input();

}  // namespace wfdcast::daemon
