#include "platform/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <string>
#include <utility>

namespace wfdcast::platform {
namespace {

constexpr std::array<std::pair<Severity, std::string_view>, 5> kNames = {{{Severity::Error, "error"},
                                                                          {Severity::Warning, "warning"},
                                                                          {Severity::Notice, "notice"},
                                                                          {Severity::Info, "info"},
                                                                          {Severity::Debug, "debug"}}};
Severity least_severity = Severity::Info;

// systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the stream to the
// journal. A child whose stderr leads elsewhere inherits it all the same.
bool journal_reads_stderr() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

void append_time_of_day(std::string& out) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  ::localtime_r(&now.tv_sec, &local);
  std::array<char, 32> text;
  const auto end = fmt::format_to_n(text.data(), text.size(), "{:02}:{:02}:{:02}.{:03} ", local.tm_hour,
                                    local.tm_min, local.tm_sec, now.tv_nsec / 1'000'000);
  out.append(text.data(), end.out);
}

// A peer chooses its name: it must neither begin a line of its own nor steer a
// terminal (C0, DEL, and C1 as UTF-8 has them: C2 80 to C2 9F).
void append_escaped(std::string& out, std::string_view line) {
  const auto byte = [&](std::size_t i) { return i < line.size() ? static_cast<unsigned char>(line[i]) : 0U; };
  std::size_t clean = 0;  // from here on nothing was to be escaped
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool c0 = byte(i) < 0x20 || byte(i) == 0x7F;
    const bool c1 = byte(i) == 0xC2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xA0;
    if (!c0 && !c1) continue;
    out.append(line.substr(clean, i - clean));
    if (c1) ++i;
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte(i));
    clean = i + 1;
  }
  out.append(line.substr(clean));
}

}  // namespace

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto& [severity, name] : kNames) {
    if (name == text) return severity;
  }
  return std::nullopt;
}

void set_log_level(Severity least) { least_severity = least; }

bool log_enabled(Severity severity) { return severity <= least_severity; }

void log_line(Severity severity, std::string_view line) {
  std::string out;
  out.reserve(line.size() + 32);
  if (journal_reads_stderr()) {
    fmt::format_to(std::back_inserter(out), "<{}>", static_cast<int>(severity));
  } else {
    append_time_of_day(out);
    for (const auto& [known, name] : kNames) {
      if (known == severity) out.append(name).append(": ");
    }
  }
  append_escaped(out, line);
  out += '\n';
  // One write: lines of several processes on one pipe stay whole.
  while (::write(STDERR_FILENO, out.data(), out.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace wfdcast::platform
