#pragma once

#include "daemon/config.h"

namespace wfdcast::daemon {

// What the command line said.
struct CommandLine {
  std::string config_path;
  std::vector<std::string> settings;
};

// Runs until it is told to stop. Throws ConfigError or std::system_error when it cannot start.
void run_daemon(const CommandLine& command_line, Config config);

}  // namespace wfdcast::daemon
