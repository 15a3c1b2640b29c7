#pragma once

#include <string>
#include <utility>

#include "platform/log.h"

namespace wfdcast::daemon {

// One line about one session: it begins with the session's label, "session 7 (Hall)", and the journal keeps
// its log_subject() in fields. That of a quiet one, whose peer has had its share of the log, is for
// debugging.
template <class Session, class... Args>
void log_session(const Session& session, platform::Severity severity, fmt::format_string<Args...> format,
                 Args&&... args) {
  if (session.quiet) severity = platform::Severity::Debug;
  if (!platform::log_enabled(severity)) return;
  fmt::memory_buffer line;
  session.append_label(line);
  line.append(std::string_view(": "));
  fmt::format_to(fmt::appender(line), format, std::forward<Args>(args)...);
  platform::log_line(severity, {line.data(), line.size()},
                     platform::log_keeps_subjects() ? session.log_subject() : platform::LogSubject{});
}

}  // namespace wfdcast::daemon
