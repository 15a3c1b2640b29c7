#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/config.h"
#include "daemon/control_server.h"
#include "daemon/environment.h"
#include "daemon/method_table.h"
#include "daemon/run.h"
#include "daemon/sink_daemon.h"
#include "daemon/source_daemon.h"
#include "platform/event_loop.h"

namespace wfdcast::daemon {

// The process: configuration, signals, systemd, the control socket, and the
// daemon of one role.
class Wfdd {
 public:
  // Throws ConfigError or std::system_error.
  Wfdd(CommandLine command_line, Config config);
  void run();

 private:
  template <class Visitor>
  decltype(auto) with_daemon(Visitor&& visitor) {
    return std::visit([&](auto& daemon) -> decltype(auto) { return visitor(*daemon); }, daemon_);
  }
  void reload();
  [[nodiscard]] Result<json, RpcError> set(const json& params);
  void take_over(const Config& changed);
  void stop();
  void tell_systemd();

  CommandLine command_line_;
  Config config_;
  platform::EventLoop loop_;
  MethodTable methods_;
  Trust trust_;
  std::unique_ptr<platform::TlsContext> tls_;  // paired mode only
  Environment environment_;
  std::variant<std::unique_ptr<SourceDaemon>, std::unique_ptr<SinkDaemon>> daemon_;
  std::unique_ptr<ControlServer> control_;
  std::optional<platform::Timer> systemd_timer_;
  std::optional<platform::Timer> started_timer_;  // once: the first peers are known, the start is over
  std::vector<std::unique_ptr<platform::SignalWatch>> signals_;
  std::string last_status_;
  bool status_due_ = false;
  bool stopping_ = false;
};

}  // namespace wfdcast::daemon
