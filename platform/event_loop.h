#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "platform/fd.h"

struct event;
struct event_base;

namespace wfdcast::platform {

struct EventDeleter {
  void operator()(event* event) const;
  void operator()(event_base* base) const;
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

class Timer;

// One thread, one loop (libevent). Objects below stop their callbacks when
// destroyed. An object must not be destroyed from inside its own callback:
// post() the destruction. No exception may leave a callback.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();  // until stop()
  void stop();
  // Runs `task` soon, outside every callback; in order. What a task posts runs
  // after the next look at the descriptors, so that tasks cannot starve them.
  void post(std::function<void()> task);
  [[nodiscard]] Time now() const;  // the monotonic clock, read anew
  [[nodiscard]] event_base* base() const { return base_.get(); }

 private:
  friend class Timer;
  void run_timers();
  void run_tasks();
  void set_alarm();

  std::unique_ptr<event_base, EventDeleter> base_;
  std::multimap<Time, Timer*> timers_;
  // One timerfd wakes the loop for the first of them. libevent's own timers would cost a system call a turn.
  Fd alarm_fd_;
  EventPtr alarm_;
  std::optional<Time> alarm_at_;  // not later than the first of timers_, once the loop waits
  std::vector<std::function<void()>> tasks_;
  std::vector<std::function<void()>> spare_;  // empty: the room of earlier tasks
  bool stopping_ = false;
};

// Calls back once when its deadline has passed. Precise to the kernel's timers
// (timerfd), never early. Setting it allocates nothing.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_expiry);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void set(std::optional<Time> deadline);  // nullopt: off

 private:
  friend class EventLoop;
  using Queue = std::multimap<Time, Timer*>;
  void leave();
  void enter(Time at);
  void expire();

  EventLoop& loop_;
  std::function<void()> on_expiry_;
  std::optional<Time> deadline_;
  // Its place in the loop's queue. Not later than the deadline, but maybe sooner:
  // a deadline that is put off again and again costs nothing but a wake-up.
  std::optional<Queue::iterator> place_;
  Queue::node_type node_;  // while it has no place
};

// Calls back while a descriptor is readable or writable. Does not own it.
class Watch {
 public:
  enum class On { Read, Write };
  Watch(EventLoop& loop, int fd, On on, std::function<void()> on_ready);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  void enable();  // it starts enabled
  void disable();

 private:
  std::function<void()> on_ready_;
  EventPtr event_;
};

// Calls back on the loop after a signal was delivered to the process.
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signal, std::function<void()> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::function<void()> on_signal_;
  EventPtr event_;
};

}  // namespace wfdcast::platform
