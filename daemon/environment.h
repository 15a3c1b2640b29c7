#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"
#include "daemon/trust.h"
#include "media/ts_input.h"
#include "platform/event_loop.h"
#include "platform/tls_connection.h"

namespace wfdcast::daemon {

// What both roles need from the process around them.
struct Environment {
  platform::EventLoop& loop;
  Config& config;
  Trust& trust;
  const platform::TlsContext* tls = nullptr;  // paired mode only
  std::vector<std::string> warnings;          // shown in status
  media::InputEnvironment media;
  [[nodiscard]] DeviceId id() const { return trust.identity().id(); }
  // An event for `monitor` clients; the caller has logged it. Without such a client `params` is not called.
  std::function<void(std::string_view event, const std::function<nlohmann::json()>& params)> publish;
};

}  // namespace wfdcast::daemon
