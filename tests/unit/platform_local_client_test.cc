#include "platform/local_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace wfdcast::platform {
namespace {

std::array<Fd, 2> pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

TEST(LocalClient, SendsEverything) {
  const auto [near, far] = pair();
  ASSERT_TRUE(send_all(near, "a line\n"));
  std::array<char, 16> buffer{};
  EXPECT_EQ(::read(far.get(), buffer.data(), buffer.size()), 7);
}

TEST(LocalClient, AnEndThatHasGoneIsAnErrorAndNoSignal) {
  auto [near, far] = pair();
  far.reset();
  const auto sent = send_all(near, "a line\n");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), std::errc::broken_pipe);
}

TEST(LocalClient, NobodyListens) {
  EXPECT_EQ(connect_local("/nonexistent/wfdd.sock").error(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(connect_local(std::string(200, 'x')).error(), std::errc::filename_too_long);
}

}  // namespace
}  // namespace wfdcast::platform
