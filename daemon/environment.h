#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"
#include "media/ts_input.h"
#include "platform/event_loop.h"
#include "wfd/ids.h"

namespace wfdcast::daemon {

// What both roles need from the process around them.
struct Environment {
  platform::EventLoop& loop;
  Config& config;
  DeviceId id;
  std::vector<std::string> warnings;  // shown in status
  media::InputEnvironment media;
  // An event for `monitor` clients; the caller has logged it. Without such a client `params` is not called.
  std::function<void(std::string_view event, const std::function<nlohmann::json()>& params)> publish;
};

}  // namespace wfdcast::daemon
