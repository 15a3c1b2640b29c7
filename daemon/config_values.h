#pragma once

#include <string>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "daemon/config_keys.h"

namespace wfdcast::daemon {

// The value of one key, from TOML and back. Throws ConfigError: "must be 1 to 4".
void read_value(const Field& field, const toml::node& node);
[[nodiscard]] std::string print_value(const Field& field);

}  // namespace wfdcast::daemon
