#include "daemon/rpc_values.h"

#include "daemon/version.h"

namespace wfdcast::daemon {

using nlohmann::json;

std::string video_text(const std::optional<StreamFormat>& format) {
  return format && format->video ? to_string(format->video->mode) : "none";
}

std::string audio_text(const std::optional<StreamFormat>& format) {
  return format && format->audio ? to_string(*format->audio) : "none";
}

double seconds_since(Time then, Time now) {
  const auto milli = std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count();
  return static_cast<double>(milli) / 1000.0;
}

json common_status(const Environment& environment, const Interfaces& interfaces, Time started, Time now) {
  const Config& config = environment.config;
  const auto& usable = interfaces.usable();
  json all = json::array();
  for (const UsableInterface& interface : usable) {
    all.push_back({{"interface", interface.name}, {"address", to_string(interface.address)}});
  }
  json warnings = environment.warnings;
  for (const std::string& problem : interfaces.problems()) warnings.push_back(problem);
  return {{"role", config.role == DaemonRole::Source ? "source" : "sink"},
          {"name", config.name},
          {"id", to_string(environment.id())},
          {"version", kVersion},
          {"uptime_s", seconds_since(started, now)},
          {"interface", usable.empty() ? config.interface.front() : usable.front().name},
          {"interfaces", std::move(all)},
          {"address", usable.empty() ? "" : to_string(usable.front().address)},
          {"warnings", std::move(warnings)}};
}

}  // namespace wfdcast::daemon
