#include "daemon/wfdd.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "daemon/version.h"
#include "platform/log.h"
#include "platform/privileges.h"
#include "platform/system.h"
#include "security/srtp.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

constexpr Duration kStart = 2s;  // then the pages that only the start needed are given back
constexpr Duration kStatusDelay = 100ms;
constexpr Duration kRandomPoll = 500ms;

// The helpers stand beside wfdd, in the build tree as when installed.
std::string own_directory() {
  char path[4096];
  const auto length = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string_view self(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return std::string(self.substr(0, self.rfind('/')));
}

// No key is made, and nothing sent, from numbers that others could guess. systemd and a person see why, and
// SIGTERM ends it.
void wait_for_random() {
  if (!platform::random_ready()) log(Severity::Notice, "waiting for the kernel's random numbers");
  while (!platform::random_ready()) {
    platform::notify_systemd("STATUS=waiting for the kernel's random numbers\nEXTEND_TIMEOUT_USEC=10000000");
    platform::pause(kRandomPoll);  // the kernel tells nobody
  }
}

Config prepared(Config config) {
  platform::set_log_level(config.log.level);
  if (config.name.empty()) config.name = platform::host_name();
  return config;
}

std::unique_ptr<platform::TlsContext> make_tls(const Config& config, const security::Identity& identity) {
  if (config.security.mode == SecurityMode::Open) return nullptr;
  security::require_srtp();
  return std::make_unique<platform::TlsContext>(identity.certificate(), identity.private_key());
}

Environment make_environment(platform::EventLoop& loop, Config& config, Trust& trust,
                             const platform::TlsContext* tls) {
  Environment environment{
      .loop = loop,
      .config = config,
      .trust = trust,
      .tls = tls,
      .warnings = trust.warnings(),
      .media = {.helper_directory = own_directory(), .clip = own_directory() + "/../share/wfdcast/test.ts"},
      .publish = {}};
  if (config.security.mode == SecurityMode::Open)
    environment.warnings.emplace_back(
        "security.mode is \"open\": anyone on these networks can watch and be watched");
  return environment;
}

}  // namespace

Wfdd::Wfdd(CommandLine command_line, Config config)
    : command_line_(std::move(command_line)),
      config_(prepared(std::move(config))),
      trust_(loop_, config_),
      tls_(make_tls(config_, trust_.identity())),
      environment_(make_environment(loop_, config_, trust_, tls_.get())) {
  platform::prepare_process();
  log(Severity::Notice, "wfdd {}: {} \"{}\", id {}", kFullVersion,
      config_.role == DaemonRole::Source ? "source" : "sink", config_.name, to_string(environment_.id()));
  for (const std::string& warning : environment_.warnings) log(Severity::Warning, "{}", warning);
  environment_.publish = [this](std::string_view event, const std::function<json()>& params) {
    if (control_ && control_->has_subscribers()) control_->publish(event, params());
    // STATUS= follows the state: a thousand events at once are one line.
    if (systemd_timer_ && !std::exchange(status_due_, true)) systemd_timer_->set(loop_.now() + kStatusDelay);
  };
  if (config_.role == DaemonRole::Source) {
    daemon_ = std::make_unique<SourceDaemon>(environment_);
  } else {
    daemon_ = std::make_unique<SinkDaemon>(environment_);
  }
  with_daemon([this](auto& daemon) { daemon.bind(methods_); });
  trust_.on_change([this] { with_daemon([](auto& daemon) { daemon.trust_changed(); }); });
  trust_.bind(methods_);
  methods_.bind_answer("set", [this](const json& params) { return set(params); });
  methods_.bind("monitor", [](Call& call) {
    call.subscribe();
    call.reply(json{{"result", "subscribed"}});
  });
  control_ = std::make_unique<ControlServer>(loop_, config_.control.socket, methods_);
  platform::drop_privileges();
}

void run_daemon(const CommandLine& command_line, Config config) {
  platform::keep_memory_private();  // from the first key on
  wait_for_random();
  Wfdd(command_line, std::move(config)).run();
}

void Wfdd::run() {
  const auto on_signal = [this](int signal, std::function<void()> action) {
    signals_.push_back(std::make_unique<platform::SignalWatch>(loop_, signal, std::move(action)));
  };
  on_signal(SIGTERM, [this] { stop(); });
  on_signal(SIGINT, [this] { stop(); });
  on_signal(SIGHUP, [this] { reload(); });
  systemd_timer_.emplace(loop_, [this] { tell_systemd(); });
  platform::notify_systemd("READY=1");
  tell_systemd();
  started_timer_.emplace(loop_, [] { platform::forget_startup_pages(); });
  started_timer_->set(loop_.now() + kStart);
  loop_.run();
}

// STATUS= follows the state; the watchdog is fed by the loop itself.
void Wfdd::tell_systemd() {
  status_due_ = false;
  const std::string status = with_daemon([](auto& daemon) { return daemon.summary(); });
  if (status != last_status_) platform::notify_systemd("STATUS=" + status);
  last_status_ = status;
  const Duration watchdog = platform::watchdog_period();
  if (watchdog > 0s) platform::notify_systemd("WATCHDOG=1");
  systemd_timer_->set(loop_.now() + (watchdog > 0s ? std::min<Duration>(watchdog, 5s) : 5s));
}

// Applies what can change while we run, and says what it could not apply.
void Wfdd::take_over(const Config& changed) {
  Config next = config_;
  for (const std::string& key : changed_keys(config_, changed)) {
    if (!changes_live(key)) {
      log(Severity::Warning, "{}: takes effect at the next start", key);
      continue;
    }
    copy_key(next, changed, key);
    log(Severity::Notice, "{} has changed", key);
  }
  const std::vector<std::string> applied = changed_keys(config_, next);
  config_ = std::move(next);
  platform::set_log_level(config_.log.level);
  for (const std::string& key : applied) {
    with_daemon([&](auto& daemon) { daemon.setting_changed(key); });
  }
}

void Wfdd::reload() {
  platform::notify_systemd("RELOADING=1");
  try {
    Config fresh = load_config(command_line_.config_path, command_line_.settings);
    if (fresh.name.empty()) fresh.name = platform::host_name();
    take_over(fresh);
    trust_.reload();
    log(Severity::Notice, "configuration read again");
  } catch (const ConfigError& error) {
    log(Severity::Error, "{}; nothing has changed", error.what());
  }
  platform::notify_systemd("READY=1");
}

Result<json, RpcError> Wfdd::set(const json& params) {
  const auto key = params["key"].get<std::string>();
  const auto value = params["value"].get<std::string>();
  try {
    Config changed = config_;
    apply_setting(changed, key + "=" + value);
    check_config(changed);
    if (!changes_live(key))
      return fail(RpcError{RpcError::kFailed, "set: " + key + " cannot change while wfdd runs"});
    take_over(changed);
  } catch (const ConfigError& error) {
    return fail(RpcError{RpcError::kFailed, std::string("set: ") + error.what()});
  }
  return json{{"key", key}, {"value", value}};
}

void Wfdd::stop() {
  if (stopping_) return;
  stopping_ = true;
  log(Severity::Notice, "stopping");
  platform::notify_systemd("STOPPING=1");
  with_daemon([this](auto& daemon) { daemon.shut_down([this] { loop_.stop(); }); });
}

}  // namespace wfdcast::daemon
