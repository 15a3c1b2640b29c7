#include "platform/privileges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace wfdcast::platform {
namespace {

// What /proc/self/status says in a child that ran `before` and, when asked, executed another program.
std::string status_after(void (*before)(), bool execute) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    before();
    ::dup2(ends[1], STDOUT_FILENO);
    if (execute) ::execlp("cat", "cat", "/proc/self/status", nullptr);
    std::ifstream file("/proc/self/status");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    (void)!::write(STDOUT_FILENO, text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char chunk[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], chunk, sizeof chunk)) > 0;)
    text.append(chunk, static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

void drop_and_hand_on() {
  drop_privileges();
  hand_on_privileges();
}

TEST(Privileges, OnlyTheNetworkStaysAndChildrenGetNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, who has something to lose";
  const std::string own = status_after(drop_privileges, false);
  EXPECT_THAT(own, testing::HasSubstr("CapEff:\t0000000000003000"));
  EXPECT_THAT(own, testing::HasSubstr("CapPrm:\t0000000000003400"));
  EXPECT_THAT(own, testing::HasSubstr("CapBnd:\t0000000000003400"));
  const std::string child = status_after(drop_privileges, true);
  EXPECT_THAT(child, testing::HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(child, testing::HasSubstr("CapPrm:\t0000000000000000"));
  EXPECT_THAT(child, testing::HasSubstr("NoNewPrivs:\t1"));
}

TEST(Privileges, AnAddressCommandGetsWhatIsLeft) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, who has something to lose";
  const std::string child = status_after(drop_and_hand_on, true);
  EXPECT_THAT(child, testing::HasSubstr("CapEff:\t0000000000003400"));
  EXPECT_THAT(child, testing::HasSubstr("CapBnd:\t0000000000003400"));
  EXPECT_THAT(child, testing::HasSubstr("NoNewPrivs:\t1"));
}

TEST(Privileges, MemoryIsNotDumped) {
  const pid_t child = ::fork();
  if (child == 0) {
    keep_memory_private();
    ::_exit(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace wfdcast::platform
