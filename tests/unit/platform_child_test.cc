#include "platform/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/unit/platform_loop.h"
#include "tests/unit/platform_seccomp.h"

namespace wfdcast::platform {
namespace {

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

// A child that keeps what it writes and how it ends.
struct Subject {
  Subject(EventLoop& event_loop, const Child::Options& options) : loop(event_loop) {
    auto started = Child::start(loop, options, [this](std::string text) {
      ++exits;
      how = std::move(text);
    });
    EXPECT_TRUE(started) << started.error().message();
    if (started) child = std::move(*started);
  }
  bool wait() {
    return run_until(loop, [this] { return exits > 0; });
  }
  const std::string& read() {
    std::array<char, 4096> chunk{};
    for (ssize_t got = 1; got > 0;) {
      got = ::read(child->stdout_fd(), chunk.data(), chunk.size());
      if (got > 0) output.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return output;
  }
  bool wait_for(const std::string& text) {
    return run_until(loop, [&] { return read().find(text) != std::string::npos; });
  }

  EventLoop& loop;
  int exits = 0;
  std::string how, output;
  std::unique_ptr<Child> child;
};

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

// Neither running nor a zombie that init has yet to reap.
bool is_dead(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.empty() || text.find(") Z ") != std::string::npos;
}

void expect_no_children() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Child, TellsHowItEnded) {
  EventLoop loop;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"exit 0", "exited with 0"},
      {"exit 3", "exited with 3"},
      {"kill -SEGV $$", "killed by signal 11 (SIGSEGV)"},
      {"kill -40 $$", "killed by signal 40"},
  };
  for (const auto& [script, how] : cases) {
    Subject subject(loop, {.command = shell(script)});
    ASSERT_TRUE(subject.wait());
    EXPECT_EQ(subject.how, how);
    EXPECT_EQ(subject.exits, 1);
  }
  expect_no_children();
}

TEST(Child, HasPipesAtBothEnds) {
  EventLoop loop;
  Subject subject(loop, {.command = {"cat"}, .pipe_stdin = true, .pipe_stdout = true});
  for (const int fd : {subject.child->stdin_fd(), subject.child->stdout_fd()}) {
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  ASSERT_EQ(::write(subject.child->stdin_fd(), "idr\n", 4), 4);
  EXPECT_TRUE(subject.wait_for("idr\n"));
  EXPECT_EQ(subject.exits, 0);
  subject.child->close_stdin();
  EXPECT_EQ(subject.child->stdin_fd(), -1);
  ASSERT_TRUE(subject.wait());
  EXPECT_EQ(subject.how, "exited with 0");
}

TEST(Child, WithoutPipesReadsNothingAndWritesToOurStderr) {
  EventLoop loop;
  Subject subject(loop,
                  {.command = shell("test \"$(readlink /proc/self/fd/0)\" = /dev/null && "
                                    "test \"$(readlink /proc/$$/fd/1)\" = \"$(readlink /proc/$$/fd/2)\"")});
  EXPECT_EQ(subject.child->stdin_fd(), -1);
  EXPECT_EQ(subject.child->stdout_fd(), -1);
  ASSERT_TRUE(subject.wait());
  EXPECT_EQ(subject.how, "exited with 0");
}

TEST(Child, CommandThatCannotRunIsAnErrorAtStart) {
  EventLoop loop;
  const std::size_t before = open_descriptors();
  const auto error_of = [&](std::vector<std::string> command) {
    const auto child =
        Child::start(loop, {.command = std::move(command), .pipe_stdin = true, .pipe_stdout = true},
                     [](const auto&) { FAIL(); });
    return child ? std::error_code() : child.error();
  };
  EXPECT_EQ(error_of({"no-such-command-anywhere"}), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of({"/etc/passwd"}), std::errc::permission_denied);
  EXPECT_EQ(error_of({}), std::errc::invalid_argument);
  run_for(loop, 5ms);
  EXPECT_EQ(open_descriptors(), before);
  expect_no_children();
}

TEST(Child, InheritsOnlyTheThreeStreams) {
  EventLoop loop;
  const int forgotten = ::open("/dev/zero", O_RDONLY);  // without O_CLOEXEC, as a library might
  Subject subject(loop,
                  {.command = shell("ls /proc/self/fd; echo end"), .pipe_stdin = true, .pipe_stdout = true});
  ASSERT_TRUE(subject.wait_for("end"));
  EXPECT_EQ(subject.output, "0\n1\n2\n3\nend\n");  // 3 is the directory that ls reads
  ::close(forgotten);
}

TEST(Child, HasDefaultSignalsAndAnEmptyMask) {
  in_own_process([] {
    EventLoop loop;
    std::signal(SIGPIPE, SIG_IGN);
    const SignalWatch term(loop, SIGTERM, [] {});
    sigset_t usr1;
    ::sigemptyset(&usr1);
    ::sigaddset(&usr1, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
    Subject subject(
        loop, {.command = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; echo end"), .pipe_stdout = true});
    ASSERT_TRUE(subject.wait_for("end"));
    EXPECT_EQ(subject.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nend\n");
    sigset_t now;
    ::sigprocmask(SIG_SETMASK, nullptr, &now);
    EXPECT_TRUE(::sigismember(&now, SIGUSR1) == 1 && ::sigismember(&now, SIGTERM) == 0)
        << "ours is as it was";
  });
}

TEST(Child, StopEndsTheWholeGroup) {
  EventLoop loop;
  Subject subject(loop, {.command = shell("sleep 1000 & echo pid $!; wait"), .pipe_stdout = true});
  ASSERT_TRUE(subject.wait_for("\n"));
  const pid_t grandchild = std::stoi(subject.output.substr(4));
  EXPECT_EQ(::getpgid(grandchild), subject.child->pid());
  EXPECT_NE(subject.child->pid(), ::getpgid(0));
  subject.child->stop(5s);
  ASSERT_TRUE(subject.wait());
  EXPECT_EQ(subject.how, "killed by signal 15 (SIGTERM)");
  EXPECT_TRUE(run_until(loop, [&] { return is_dead(grandchild); }));
  subject.child->stop(5s);  // again does nothing
}

TEST(Child, StopKillsAfterTheGraceWhoIgnoresIt) {
  EventLoop loop;
  Subject subject(loop, {.command = shell("trap '' TERM; echo ready; while :; do sleep 1000; done"),
                         .pipe_stdout = true});
  ASSERT_TRUE(subject.wait_for("ready"));
  const Time begin = loop.now();
  subject.child->stop(50ms);
  ASSERT_TRUE(subject.wait());
  EXPECT_GE(loop.now() - begin, 50ms);
  EXPECT_EQ(subject.how, "killed by signal 9 (SIGKILL)");
}

TEST(Child, RestOfTheGroupDiesWhenItExits) {
  EventLoop loop;
  Subject subject(loop, {.command = shell("sleep 1000 & echo pid $!"), .pipe_stdout = true});
  ASSERT_TRUE(subject.wait());
  EXPECT_EQ(subject.how, "exited with 0");
  const pid_t grandchild = std::stoi(subject.read().substr(4));
  EXPECT_TRUE(run_until(loop, [&] { return is_dead(grandchild); }));
}

TEST(Child, DestructorKillsReapsAndDoesNotCall) {
  EventLoop loop;
  const std::size_t before = open_descriptors();
  Subject subject(
      loop,
      {.command = shell("trap '' TERM; echo ready; sleep 1000"), .pipe_stdin = true, .pipe_stdout = true});
  ASSERT_TRUE(subject.wait_for("ready"));
  const pid_t pid = subject.child->pid();
  subject.child.reset();
  EXPECT_TRUE(is_gone(pid));
  run_for(loop, 5ms);
  EXPECT_EQ(subject.exits, 0);
  EXPECT_EQ(open_descriptors(), before);
  expect_no_children();
}

TEST(Child, ManyRestartsLeaveNoZombieAndNoDescriptor) {
  EventLoop loop;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 30; ++i) {
    Subject subject(loop, {.command = {"true"}, .pipe_stdin = true, .pipe_stdout = true});
    ASSERT_TRUE(subject.wait());
  }
  EXPECT_EQ(open_descriptors(), before);
  expect_no_children();
}

TEST(Child, DiesWithUs) {
  // The middle process dies by SIGKILL; its child becomes ours.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    EventLoop loop;
    const auto child = Child::start(loop, {.command = {"sleep", "1000"}}, [](const auto&) {});
    const int pid = (*child)->pid();
    (void)!::write(ends[1], &pid, sizeof pid);
    ::raise(SIGKILL);
  }
  int pid = 0, status = 0;
  ASSERT_EQ(::read(ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ASSERT_EQ(::waitpid(middle, nullptr, 0), middle);
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Child, IsReapedBySigchldOnOldKernels) {
  in_own_process([] {
    take_away(SYS_pidfd_open);
    EventLoop loop;
    Subject longer(loop, {.command = shell("read line; exit 4"), .pipe_stdin = true});
    Subject shorter(loop, {.command = shell("exit 3")});
    ASSERT_TRUE(shorter.wait());
    EXPECT_EQ(shorter.how, "exited with 3");
    EXPECT_EQ(longer.exits, 0);
    longer.child->close_stdin();
    ASSERT_TRUE(longer.wait());
    EXPECT_EQ(longer.how, "exited with 4");
    expect_no_children();
  });
}

TEST(Child, ExitBeforeSigchldIsWatchedIsSeen) {
  in_own_process([] {
    take_away(SYS_pidfd_open);
    EventLoop loop;
    for (int i = 0; i < 20; ++i) {
      Subject subject(loop, {.command = {"true"}});
      siginfo_t info{};
      ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(subject.child->pid()), &info, WEXITED | WNOWAIT), 0);
      ASSERT_TRUE(subject.wait());
    }
  });
}

TEST(Child, ReapedByTheKernelIsOverAllTheSame) {
  in_own_process([] {
    std::signal(SIGCHLD, SIG_IGN);
    EventLoop loop;
    Subject subject(loop, {.command = {"true"}});
    ASSERT_TRUE(subject.wait());
    EXPECT_EQ(subject.how, "gone, and reaped by somebody else");
  });
}

}  // namespace
}  // namespace wfdcast::platform
