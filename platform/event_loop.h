#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"

struct event;
struct event_base;

namespace wfdcast::platform {

struct EventDeleter {
  void operator()(event* event) const;
  void operator()(event_base* base) const;
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

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
  void run_tasks();

  std::unique_ptr<event_base, EventDeleter> base_;
  std::vector<std::function<void()>> tasks_;
  std::vector<std::function<void()>> spare_;  // empty: the room of earlier tasks
  bool stopping_ = false;
};

// Calls back once when its deadline has passed. Precise to the kernel's timers
// (timerfd through EVENT_BASE_FLAG_PRECISE_TIMER), never early.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_expiry);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void set(std::optional<Time> deadline);  // nullopt: off

 private:
  void arm();
  void expire();

  EventLoop& loop_;
  std::function<void()> on_expiry_;
  std::optional<Time> deadline_;
  // When the event comes. Not later than the deadline, but maybe sooner: a
  // deadline that is put off again and again costs nothing but a wake-up.
  std::optional<Time> armed_;
  EventPtr event_;
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
