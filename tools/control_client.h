#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "platform/fd.h"

namespace wfdcast::tools {

using nlohmann::json;

// No daemon listens there (exit 3).
class NoDaemon : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The daemon answered an error (exit 1).
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A blocking client of the control protocol.
class ControlClient {
 public:
  using OnNotification = std::function<void(const std::string& method, const json& params)>;

  explicit ControlClient(const std::string& path);  // throws NoDaemon
  // The method's result. Notifications that come before it go to `on_notification`.
  [[nodiscard]] json call(const std::string& method, const json& params,
                          const OnNotification& on_notification);
  // Notifications until the daemon goes away.
  void listen(const OnNotification& on_notification);

 private:
  [[nodiscard]] std::optional<json> next();  // nullopt: the daemon has gone
  platform::Fd fd_;
  std::string buffer_;
};

}  // namespace wfdcast::tools
