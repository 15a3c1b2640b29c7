// wfdd: Wi-Fi Display source or sink. See wfdd(8).
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "daemon/run.h"
#include "daemon/version.h"

namespace {

constexpr const char* kDefaultConfig = "/etc/wfdcast/wfdd.toml";

using namespace wfdcast::daemon;

int run(const CommandLine& command_line, bool check, bool print) {
  try {
    Config config = load_config(command_line.config_path, command_line.settings);
    if (print) {
      std::cout << print_config(config);
    } else if (check) {
      std::cout << "ok\n";
    } else {
      run_daemon(command_line, std::move(config));
    }
    return EX_OK;
  } catch (const ConfigError& error) {
    std::cerr << "wfdd: " << error.what() << '\n';
    return EX_CONFIG;
  } catch (const std::system_error& error) {
    std::cerr << "wfdd: " << error.what() << '\n';
    return EX_OSERR;
  }
}

}  // namespace

int main(int argc, char** argv) {
  wfdcast::platform::find_journal();
  CLI::App app{"Wi-Fi Display from one board to many screens: the daemon, as source or sink."};
  CommandLine command_line;
  bool check = false, print = false;
  app.add_option("--config", command_line.config_path,
                 std::string("configuration file, default ") + kDefaultConfig)
      ->type_name("FILE");
  app.add_option("--set", command_line.settings, "overrides one key, may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--check-config", check, "says ok, or what is wrong with the configuration");
  app.add_flag("--print-config", print, "prints the whole configuration that would be used");
  app.set_version_flag("--version", std::string("wfdd ") + kFullVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::cerr << "wfdd: " << error.what() << '\n';
    return EX_USAGE;
  }
  // Without --config a missing default file means defaults.
  if (command_line.config_path.empty() && std::filesystem::exists(kDefaultConfig)) {
    command_line.config_path = kDefaultConfig;
  }
  return run(command_line, check, print);
}
