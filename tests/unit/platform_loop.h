#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "platform/event_loop.h"

// What the tests of platform/ share.
namespace wfdcast::platform {

// Runs the loop until `done` holds; false after `limit`.
inline bool run_until(EventLoop& loop, const std::function<bool()>& done, Duration limit = 5s) {
  const Time deadline = loop.now() + limit;
  Timer* again = nullptr;
  Timer poll(loop, [&] {
    if (done() || loop.now() >= deadline) return loop.stop();
    again->set(loop.now() + 1ms);
  });
  again = &poll;
  poll.set(loop.now());
  loop.run();
  return done();
}

// Runs the loop for a time in which something must not happen.
inline void run_for(EventLoop& loop, Duration time) {
  Timer end(loop, [&] { loop.stop(); });
  end.set(loop.now() + time);
  loop.run();
}

// Runs `body` in a process of its own, where limits, namespaces and filters
// can be changed. Its failures are the test's.
inline void in_own_process(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    body();
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0) << "see the failures above";
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count - 1;  // the iterator's own
}

}  // namespace wfdcast::platform
