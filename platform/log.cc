#include "platform/log.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <string>
#include <utility>

#include "platform/fd.h"
#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

constexpr std::array<std::pair<Severity, std::string_view>, 5> kNames = {{{Severity::Error, "error"},
                                                                          {Severity::Warning, "warning"},
                                                                          {Severity::Notice, "notice"},
                                                                          {Severity::Info, "info"},
                                                                          {Severity::Debug, "debug"}}};
Severity least_severity = Severity::Info;
std::string journal_socket;  // empty: stderr does not lead to the journal

// systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the stream to the
// journal. A child whose stderr leads elsewhere inherits it all the same.
bool journal_reads_stderr() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

// "14:03:59.", which is made once a second: it costs as much as the rest of a line.
std::string_view to_the_second(std::time_t second) {
  static std::time_t known = -1;
  static std::string text;
  if (second != known) {
    tm local{};
    ::localtime_r(&second, &local);
    text = fmt::format("{:02}:{:02}:{:02}.", local.tm_hour, local.tm_min, local.tm_sec);
    known = second;
  }
  return text;
}

void append_time_of_day(std::string& out) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto digit = [&](long unit) { return static_cast<char>('0' + now.tv_nsec / unit % 10); };
  out += to_the_second(now.tv_sec);
  out.append({digit(100'000'000), digit(10'000'000), digit(1'000'000), ' '});
}

// A peer chooses its name: it must neither begin a line of its own nor steer a
// terminal (C0, DEL, and C1 as UTF-8 has them: C2 80 to C2 9F).
void append_escaped(std::string& out, std::string_view line) {
  const auto ascii = [](unsigned char c) { return c >= 0x20 && c < 0x7F; };
  while (true) {
    const auto odd = std::find_if_not(line.begin(), line.end(), ascii);
    out.append(line.begin(), odd);
    if (odd == line.end()) return;
    line.remove_prefix(static_cast<std::size_t>(odd - line.begin()));
    const auto byte = [&](std::size_t i) {
      return i < line.size() ? static_cast<unsigned char>(line[i]) : 0U;
    };
    const bool c1 = byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0;
    if (c1) line.remove_prefix(1);
    if (c1 || byte(0) < 0x80) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte(0));
    } else {
      out += line[0];
    }
    line.remove_prefix(1);
  }
}

// systemd's native journal protocol: a field a line; no value of ours has a line feed, append_escaped() sees
// to that.
std::string journal_entry(Severity severity, std::string_view text, const LogSubject& subject) {
  std::string entry = fmt::format("PRIORITY={}\nSYSLOG_IDENTIFIER={}\n", static_cast<int>(severity),
                                  program_invocation_short_name);
  const auto field = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    entry.append(key).append(1, '=');
    append_escaped(entry, value);
    entry += '\n';
  };
  field("WFDCAST_PEER", subject.peer);
  field("WFDCAST_PEER_NAME", subject.name);
  field("WFDCAST_SESSION", subject.session);
  return entry.append("MESSAGE=").append(text).append(1, '\n');
}

// Never waits: a full queue is a failure like no journal at all.
bool write_to_journal(std::string_view entry) {
  static const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return send_to_path(fd.get(), journal_socket, entry).has_value();
}

}  // namespace

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto& [severity, name] : kNames) {
    if (name == text) return severity;
  }
  return std::nullopt;
}

void find_journal(std::string_view socket) { journal_socket = journal_reads_stderr() ? socket : ""; }

bool log_keeps_subjects() { return !journal_socket.empty(); }

void set_log_level(Severity least) { least_severity = least; }

bool log_enabled(Severity severity) { return severity <= least_severity; }

void log_line(Severity severity, std::string_view line, const LogSubject& subject) {
  std::string text;
  append_escaped(text, line);
  const bool journal = log_keeps_subjects();
  if (journal && write_to_journal(journal_entry(severity, text, subject))) return;
  std::string out;
  out.reserve(text.size() + 32);
  if (journal) {
    fmt::format_to(std::back_inserter(out), "<{}>", static_cast<int>(severity));
  } else {
    append_time_of_day(out);
    for (const auto& [known, name] : kNames) {
      if (known == severity) out.append(name).append(": ");
    }
  }
  out.append(text).append(1, '\n');
  // One write: lines of several processes on one pipe stay whole.
  while (::write(STDERR_FILENO, out.data(), out.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace wfdcast::platform
