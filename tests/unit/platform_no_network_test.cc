#include "platform/no_network.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

int error_of_socket(int domain) {
  const int fd = ::socket(domain, SOCK_DGRAM, 0);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

TEST(NoNetwork, OnlyUnixSocketsAndNetlinkAreLeft) {
  in_own_process([] {
    ASSERT_EQ(error_of_socket(AF_INET), 0);
    ASSERT_TRUE(forbid_network());
    EXPECT_EQ(error_of_socket(AF_INET), EAFNOSUPPORT);
    EXPECT_EQ(error_of_socket(AF_INET6), EAFNOSUPPORT);
    EXPECT_EQ(error_of_socket(AF_PACKET), EAFNOSUPPORT);
    EXPECT_EQ(error_of_socket(AF_UNIX), 0);
    EXPECT_EQ(error_of_socket(AF_NETLINK), 0);
    constexpr long kIoUringSetup = 425;
    EXPECT_EQ(::syscall(kIoUringSetup, 1, nullptr), -1);
    EXPECT_EQ(errno, EPERM) << "it makes sockets as well";
  });
}

TEST(NoNetwork, WhatIsExecutedHasNoneEither) {
  in_own_process([] {
    ASSERT_TRUE(forbid_network());
    const pid_t child = ::fork();
    if (child == 0) ::execlp("bash", "bash", "-c", "! { : >/dev/udp/127.0.0.1/9; } 2>/dev/null", nullptr);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  });
}

}  // namespace
}  // namespace wfdcast::platform
