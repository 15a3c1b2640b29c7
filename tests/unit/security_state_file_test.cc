#include "security/state_file.h"

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace wfdcast::security {
namespace {

class StateFile : public testing::Test {
 protected:
  StateFile() {
    char name[] = "/tmp/wfdstateXXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~StateFile() override { std::filesystem::remove_all(directory_); }

  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  // Runs write_atomically() in a child that is killed as it enters its `limit`th system call. True: it was
  // done before that.
  bool write_until(const std::string& path, std::string_view text, int limit) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      const bool done = write_atomically(path, text).has_value();
      ::_exit(done ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    // Each system call stops twice, on its way in and out.
    for (int stops = 0; WIFSTOPPED(status) && stops < 2 * limit - 1; ++stops) {
      ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
      ::waitpid(child, &status, 0);
    }
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      return true;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return false;
  }

  std::string directory_;
};

TEST_F(StateFile, IsReadBackAndPrivate) {
  const std::string path = directory_ + "/identity";
  ASSERT_TRUE(write_atomically(path, "secret"));
  EXPECT_EQ(read_state_file(path).value(), "secret");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(StateFile, AnOldTemporaryFileLendsNothing) {
  const std::string path = directory_ + "/identity";
  std::ofstream(path + ".new") << "left by a start that was cut off, and much longer";
  ::chmod((path + ".new").c_str(), 0666);
  ASSERT_TRUE(write_atomically(path, "secret"));
  EXPECT_EQ(read_state_file(path).value(), "secret");
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST_F(StateFile, WhatCannotBeWrittenIsAnError) {
  EXPECT_EQ(write_atomically(directory_ + "/missing/identity", "x").error(),
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(read_state_file(directory_ + "/missing").error(), std::errc::no_such_file_or_directory);
  std::ofstream(directory_ + "/large") << std::string(kMaxStateFile + 1, 'x');
  EXPECT_EQ(read_state_file(directory_ + "/large").error(), std::errc::file_too_large);
}

TEST_F(StateFile, TheDirectoryIsTakenFromOthers) {
  const std::string path = directory_ + "/state";
  ASSERT_TRUE(make_private_directory(path));
  EXPECT_EQ(mode_of(path), 0700U);
  ::chmod(path.c_str(), 0755);
  ASSERT_TRUE(make_private_directory(path));
  EXPECT_EQ(mode_of(path), 0700U);
  std::ofstream(directory_ + "/file") << "x";
  EXPECT_EQ(make_private_directory(directory_ + "/file").error(), std::errc::not_a_directory);
}

// A process that dies between two system calls stands for a power cut there; what the disk does with data
// that was never synced cannot be tried this way.
TEST_F(StateFile, AWriterMayDieAtEachSystemCall) {
  const std::string path = directory_ + "/trusted";
  for (const std::string before : {"", "the state before\n"}) {
    const std::string after = "the state after\n";
    int deaths = 0, kept = 0;
    for (bool done = false; !done; ++deaths) {
      ASSERT_LT(deaths, 100);
      std::filesystem::remove(path);
      if (!before.empty()) {
        ASSERT_TRUE(write_atomically(path, before));
      }
      done = write_until(path, after, deaths + 1);
      const auto found = read_state_file(path);
      const std::string text = found ? *found : "";
      ASSERT_TRUE(text == before || text == after) << deaths << ": " << text;
      ASSERT_EQ(!done || text == after, true);
      if (text == before) ++kept;
      // The next start writes over whatever was left.
      ASSERT_TRUE(write_atomically(path, after)) << deaths;
    }
    EXPECT_GE(kept, 4) << "open, write, fsync and rename were not all cut off";
    EXPECT_GE(deaths, 7);
  }
}

}  // namespace
}  // namespace wfdcast::security
