#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace wfdcast::platform {

// syslog priorities, as sd-daemon(3) writes them.
enum class Severity { Error = 3, Warning = 4, Notice = 5, Info = 6, Debug = 7 };
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);  // "error" ... "debug"

void set_log_level(Severity least);
[[nodiscard]] bool log_enabled(Severity severity);
// One line to stderr; with the "<6>" prefix when systemd reads it ($JOURNAL_STREAM), else with the time of
// day.
void log_line(Severity severity, std::string_view line);

template <class... Args>
void log(Severity severity, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(severity)) log_line(severity, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace wfdcast::platform
