#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

namespace wfdcast::platform {

// syslog priorities, as sd-daemon(3) writes them.
enum class Severity { Error = 3, Warning = 4, Notice = 5, Info = 6, Debug = 7 };
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);  // "error" ... "debug"

void set_log_level(Severity least);
[[nodiscard]] bool log_enabled(Severity severity);
// What a line is about. The journal keeps it in the fields WFDCAST_PEER, WFDCAST_PEER_NAME and
// WFDCAST_SESSION; elsewhere the line itself has to say it. Empty: no such field.
struct LogSubject {
  std::string peer;  // device id, or the address of a plain device
  std::string name;
  std::string session;  // its number at a source
};

// Looks once whether stderr leads to the journal ($JOURNAL_STREAM), and takes it for so from now on.
void find_journal(std::string_view socket = "/run/systemd/journal/socket");
[[nodiscard]] bool log_keeps_subjects();  // the journal does

// One line: to the journal that was found, else to stderr with the time of day. A journal that does not take
// it by its socket gets it through stderr, with the prefix "<6>" and without fields.
void log_line(Severity severity, std::string_view line, const LogSubject& subject = {});

template <class... Args>
void log(Severity severity, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(severity)) log_line(severity, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace wfdcast::platform
