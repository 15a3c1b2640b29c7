#include "platform/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <vector>

#include "platform/fd.h"
#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    a = Fd(ends[0]);
    b = Fd(ends[1]);
  }
  Fd a, b;
};

TEST(EventLoop, RunsPostedTasksInOrder) {
  EventLoop loop;
  std::vector<int> order;
  loop.post([&] {
    order.push_back(1);
    loop.post([&] { order.push_back(3); });
    loop.post([&] {
      order.push_back(4);
      loop.stop();
    });
  });
  loop.post([&] { order.push_back(2); });
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
}

TEST(EventLoop, TasksThatPostForeverDoNotStarveDescriptorsOrTimers) {
  EventLoop loop;
  SocketPair pair;
  bool readable = false, expired = false;
  std::function<void()> again = [&] { loop.post(again); };
  loop.post(again);
  Watch watch(loop, pair.a.get(), Watch::On::Read, [&] {
    readable = true;
    if (expired) loop.stop();
  });
  Timer timer(loop, [&] { expired = true; });
  timer.set(loop.now() + 5ms);
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  loop.run();
  EXPECT_TRUE(readable && expired);
}

TEST(EventLoop, PostedTaskRunsOutsideTheCallbackAndMayDestroyItsOwner) {
  EventLoop loop;
  auto pair = std::make_unique<SocketPair>();
  std::unique_ptr<Watch> watch;
  bool in_callback = false;
  watch = std::make_unique<Watch>(loop, pair->a.get(), Watch::On::Read, [&] {
    in_callback = true;
    loop.post([&] {
      EXPECT_FALSE(in_callback);
      watch.reset();
      loop.stop();
    });
    in_callback = false;
  });
  ASSERT_EQ(::write(pair->b.get(), "x", 1), 1);
  loop.run();
  EXPECT_EQ(watch, nullptr);
}

TEST(EventLoop, StopBeforeRunIsNotLost) {
  EventLoop loop;
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(EventLoop, TasksThatNeverRanDieBeforeTheLoop) {
  struct PostsWhenItDies {
    EventLoop& loop;
    ~PostsWhenItDies() {
      loop.post([] {});
    }
  };
  auto loop = std::make_unique<EventLoop>();
  auto timer = std::make_shared<Timer>(*loop, [] {});
  timer->set(loop->now() + 1h);
  loop->post([timer, last = std::make_shared<PostsWhenItDies>(*loop)] {});
  timer.reset();
  loop.reset();  // the sanitizer sees an event that outlives its base
}

TEST(EventLoop, ExceptionInACallbackEndsTheProcessWithItsText) {
  EXPECT_DEATH(
      {
        EventLoop loop;
        Timer timer(loop, [] { throw std::runtime_error("broken invariant"); });
        timer.set(loop.now());
        loop.run();
      },
      "exception in a callback: broken invariant");
}

TEST(Timer, IsNeverEarlyAndHardlyLate) {
  EventLoop loop;
  int fired = 0;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<Duration> late;
  for (int i = 0; i < 200; ++i) {
    const Time deadline = loop.now() + i * 137'337ns;
    timers.push_back(std::make_unique<Timer>(loop, [&, deadline] {
      late.push_back(loop.now() - deadline);
      ++fired;
    }));
    timers.back()->set(deadline);
  }
  ASSERT_TRUE(run_until(loop, [&] { return fired == 200; }));
  EXPECT_GE(*std::min_element(late.begin(), late.end()), 0ns);
  std::nth_element(late.begin(), late.begin() + 100, late.end());
  EXPECT_LT(late[100], 20ms);
}

TEST(Timer, SetInACallbackAfterWorkIsNotEarly) {
  EventLoop loop;
  Time deadline;
  Duration late = -1h;
  Timer second(loop, [&] {
    late = loop.now() - deadline;
    loop.stop();
  });
  Timer first(loop, [&] {
    const Time begin = loop.now();
    while (loop.now() < begin + 20ms) {  // the loop's idea of the time grows old
    }
    deadline = loop.now() + 3ms;
    second.set(deadline);
  });
  first.set(loop.now());
  loop.run();
  EXPECT_GE(late, 0ns);
}

TEST(Timer, TakesTheWholeRangeOfDeadlines) {
  EventLoop loop;
  int past = 0, never = 0;
  Timer long_ago(loop, [&] { ++past; });
  Timer far_away(loop, [&] { ++never; });
  long_ago.set(Time::min());
  far_away.set(Time::max());
  ASSERT_TRUE(run_until(loop, [&] { return past == 1; }));
  EXPECT_EQ(never, 0);
}

TEST(Timer, CanBeMovedAndTurnedOff) {
  EventLoop loop;
  int moved = 0, off = 0;
  Timer one(loop, [&] { ++moved; });
  Timer other(loop, [&] { ++off; });
  one.set(loop.now() + 1h);
  one.set(loop.now() + 1ms);
  other.set(loop.now() + 1ms);
  other.set(std::nullopt);
  ASSERT_TRUE(run_until(loop, [&] { return moved == 1; }));
  run_for(loop, 5ms);
  EXPECT_EQ(moved, 1);
  EXPECT_EQ(off, 0);
}

TEST(Watch, TellsWritableAndStopsWhenDisabled) {
  EventLoop loop;
  SocketPair pair;
  int writable = 0, readable = 0;
  Watch write(loop, pair.a.get(), Watch::On::Write, [&] { ++writable; });
  Watch read(loop, pair.a.get(), Watch::On::Read, [&] { ++readable; });
  read.disable();
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  ASSERT_TRUE(run_until(loop, [&] { return writable > 2; }));
  EXPECT_EQ(readable, 0);
  write.disable();
  const int before = writable;
  read.enable();
  ASSERT_TRUE(run_until(loop, [&] { return readable > 2; }));
  EXPECT_EQ(writable, before);
}

TEST(SignalWatch, CallsBackOnTheLoopForEachWatch) {
  EventLoop loop;
  int first = 0, second = 0;
  SignalWatch one(loop, SIGUSR1, [&] { ++first; });
  {
    SignalWatch other(loop, SIGUSR1, [&] { ++second; });
    ::raise(SIGUSR1);
    EXPECT_EQ(first, 0);
    ASSERT_TRUE(run_until(loop, [&] { return first == 1 && second == 1; }));
  }
  ::raise(SIGUSR1);
  ASSERT_TRUE(run_until(loop, [&] { return first == 2; }));
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace wfdcast::platform
