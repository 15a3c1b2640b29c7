#include "platform/log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>

#include "platform/fd.h"

namespace wfdcast::platform {
namespace {

using testing::MatchesRegex;
using namespace std::string_view_literals;

// What `body` writes to stderr, which is a pipe meanwhile.
std::string stderr_of(const std::function<void()>& body) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const Fd read_end(ends[0]), saved(::dup(STDERR_FILENO));
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  body();
  ::dup2(saved.get(), STDERR_FILENO);
  std::array<char, 8192> text{};
  const ssize_t size = ::read(read_end.get(), text.data(), text.size());
  return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

// $JOURNAL_STREAM as systemd sets it for the stderr of now, and the journal is looked for.
void set_journal_stream(unsigned off_by, const std::string& socket) {
  struct stat status{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino + off_by).c_str(), 1);
  find_journal(socket);
}

void no_journal() {
  ::unsetenv("JOURNAL_STREAM");
  find_journal();
}

TEST(Log, LineHasTimeAndSeverity) {
  no_journal();
  EXPECT_THAT(stderr_of([] { log(Severity::Warning, "sink {}: lost", 3); }),
              MatchesRegex("[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9][0-9][0-9] warning: sink 3: lost\n"));
}

// A journal of our own, for as long as this lives.
class Journal {
 public:
  Journal() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, path_.size());
    ::unlink(path_.c_str());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Journal() {
    ::unlink(path_.c_str());
    no_journal();
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  std::string entry() {
    std::array<char, 8192> text{};
    const ssize_t size = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  std::string path_ = testing::TempDir() + fmt::format("journal.{}", ::getpid());
  Fd fd_;
};

TEST(Log, JournalGetsWhoAndWhichSession) {
  Journal journal;
  EXPECT_EQ(stderr_of([&] {
              set_journal_stream(0, journal.path());
              log_line(Severity::Warning, "session 7 (Hall): refused",
                       {.peer = "0123", .name = "Hall\nMESSAGE=forged", .session = "7"});
            }),
            "");
  EXPECT_EQ(
      journal.entry(),
      "PRIORITY=4\nSYSLOG_IDENTIFIER=platform_test\nWFDCAST_PEER=0123\n"
      "WFDCAST_PEER_NAME=Hall\\x0aMESSAGE=forged\nWFDCAST_SESSION=7\nMESSAGE=session 7 (Hall): refused\n");
}

TEST(Log, WhatIsAboutNobodyHasNoFields) {
  Journal journal;
  EXPECT_EQ(stderr_of([&] {
              set_journal_stream(0, journal.path());
              log(Severity::Info, "stopping");
            }),
            "");
  EXPECT_EQ(journal.entry(), "PRIORITY=6\nSYSLOG_IDENTIFIER=platform_test\nMESSAGE=stopping\n");
}

TEST(Log, WithoutItsSocketTheJournalGetsThePriority) {
  EXPECT_EQ(stderr_of([] {
              set_journal_stream(0, "/nowhere/journal");
              log(Severity::Error, "no");
              log(Severity::Info, "yes");
            }),
            "<3>no\n<6>yes\n");
  no_journal();
}

TEST(Log, StderrThatIsNotTheJournalGetsTheTime) {
  EXPECT_THAT(stderr_of([] {
                set_journal_stream(1, "/nowhere/journal");
                log(Severity::Info, "x");
              }),
              MatchesRegex("[0-9:.]+ info: x\n"));
}

TEST(Log, APeersNameForgesNoLineAndSteersNoTerminal) {
  const std::string line = stderr_of([] { log_line(Severity::Info, "a\nb\r\x1b[2J\x7f\0z \xc2\x9b!"sv); });
  EXPECT_THAT(line, testing::EndsWith("info: a\\x0ab\\x0d\\x1b[2J\\x7f\\x00z \\x9b!\n"));
}

TEST(Log, KeepsOtherText) {
  EXPECT_THAT(stderr_of([] { log_line(Severity::Info, "Büro Žižkov 東京 \\x"); }),
              testing::EndsWith("info: Büro Žižkov 東京 \\x\n"));
}

TEST(Log, LevelHidesLessSevereLines) {
  set_log_level(Severity::Warning);
  EXPECT_EQ(stderr_of([] { log(Severity::Notice, "hidden"); }), "");
  EXPECT_TRUE(log_enabled(Severity::Error));
  set_log_level(Severity::Info);
  EXPECT_FALSE(log_enabled(Severity::Debug));
}

TEST(Log, SeveritiesHaveNames) {
  EXPECT_EQ(parse_severity("error"), Severity::Error);
  EXPECT_EQ(parse_severity("debug"), Severity::Debug);
  EXPECT_EQ(parse_severity("Debug"), std::nullopt);
  EXPECT_EQ(parse_severity(""), std::nullopt);
}

}  // namespace
}  // namespace wfdcast::platform
