#include "platform/event_loop.h"

#include <event2/event.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "platform/log.h"

namespace wfdcast::platform {
namespace {

constexpr std::size_t kKeptTasks = 64;  // room that a burst of tasks may leave behind

// libevent's frames are C: an exception that reached them would be undefined
// behaviour, so it ends the process with a line that says why.
void run_guarded(const std::function<void()>& callback) noexcept {
  try {
    callback();
  } catch (const std::exception& error) {
    log(Severity::Error, "exception in a callback: {}", error.what());
    std::terminate();
  }
}

void forward_log(int severity, const char* message) {
  if (severity == EVENT_LOG_DEBUG) return;
  log(severity == EVENT_LOG_ERR ? Severity::Error : Severity::Warning, "libevent: {}", message);
}

event_base* make_base() {
  event_set_log_callback(forward_log);
  const std::unique_ptr<event_config, decltype(&event_config_free)> config(event_config_new(),
                                                                           event_config_free);
  if (!config) throw std::bad_alloc();
  // A cached time would make timers early that are set late in a turn.
  event_config_set_flag(
      config.get(), EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_PRECISE_TIMER);
  event_base* const base = event_base_new_with_config(config.get());
  if (base == nullptr) throw std::system_error(errno, std::system_category(), "event_base_new");
  return base;
}

EventPtr make_event(EventLoop& loop, int fd, int what, event_callback_fn callback, void* owner) {
  EventPtr event(event_new(loop.base(), fd, static_cast<short>(what), callback, owner));
  if (!event) throw std::bad_alloc();
  return event;
}

void add(event& event, const timeval* timeout = nullptr) {
  if (event_add(&event, timeout) != 0) throw std::system_error(errno, std::system_category(), "event_add");
}

}  // namespace

void EventDeleter::operator()(event* event) const { event_free(event); }
void EventDeleter::operator()(event_base* base) const { event_base_free(base); }

EventLoop::EventLoop() : base_(make_base()) {}

EventLoop::~EventLoop() {
  // A task may own what posts again when it dies.
  while (!tasks_.empty()) std::exchange(tasks_, {}).clear();
}

void EventLoop::run() {
  while (!stopping_) {
    run_tasks();
    if (stopping_) break;
    const int wait = tasks_.empty() ? 0 : EVLOOP_NONBLOCK;
    if (event_base_loop(base_.get(), EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | wait) < 0) {
      throw std::system_error(errno, std::system_category(), "event_base_loop");
    }
  }
  stopping_ = false;
}

void EventLoop::run_tasks() {
  auto tasks = std::exchange(tasks_, std::exchange(spare_, {}));
  for (const auto& task : tasks) run_guarded(task);
  tasks.clear();
  if (tasks.capacity() <= kKeptTasks) spare_ = std::move(tasks);
}

void EventLoop::stop() { stopping_ = true; }

void EventLoop::post(std::function<void()> task) { tasks_.push_back(std::move(task)); }

Time EventLoop::now() const { return std::chrono::steady_clock::now(); }

Timer::Timer(EventLoop& loop, std::function<void()> on_expiry)
    : loop_(loop),
      on_expiry_(std::move(on_expiry)),
      event_(make_event(
          loop, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<Timer*>(self)->expire(); },
          this)) {}

Timer::~Timer() = default;

void Timer::set(std::optional<Time> deadline) {
  deadline_ = deadline;
  if (!deadline) {
    if (armed_) event_del(event_.get());
    armed_.reset();
  } else if (!armed_ || *deadline < *armed_) {
    arm();
  }
}

void Timer::arm() {
  // A far deadline is reached in steps: timeval is 32 bits wide on 32-bit ARM.
  constexpr Duration kLongestStep = std::chrono::hours(24);
  const Time now = loop_.now();
  const Duration left = *deadline_ <= now ? Duration{} : std::min(*deadline_ - now, kLongestStep);
  // libevent cuts its own clock to microseconds: round up, and one more.
  const auto wait = std::chrono::ceil<std::chrono::microseconds>(left).count() + (left > Duration{} ? 1 : 0);
  timeval timeout{};
  timeout.tv_sec = static_cast<decltype(timeout.tv_sec)>(wait / 1'000'000);
  timeout.tv_usec = static_cast<decltype(timeout.tv_usec)>(wait % 1'000'000);
  add(*event_, &timeout);
  armed_ = now + left;
}

void Timer::expire() {
  armed_.reset();
  if (!deadline_) return;
  if (loop_.now() < *deadline_) return arm();
  deadline_.reset();
  run_guarded(on_expiry_);
}

Watch::Watch(EventLoop& loop, int fd, On on, std::function<void()> on_ready)
    : on_ready_(std::move(on_ready)),
      event_(make_event(
          loop, fd, EV_PERSIST | (on == On::Read ? EV_READ : EV_WRITE),
          [](evutil_socket_t, short, void* self) { run_guarded(static_cast<Watch*>(self)->on_ready_); },
          this)) {
  enable();
}

Watch::~Watch() = default;

void Watch::enable() { add(*event_); }

void Watch::disable() { event_del(event_.get()); }

SignalWatch::SignalWatch(EventLoop& loop, int signal, std::function<void()> on_signal)
    : on_signal_(std::move(on_signal)),
      event_(make_event(
          loop, signal, EV_SIGNAL | EV_PERSIST,
          [](evutil_socket_t, short, void* self) {
            run_guarded(static_cast<SignalWatch*>(self)->on_signal_);
          },
          this)) {
  add(*event_);
}

SignalWatch::~SignalWatch() = default;

}  // namespace wfdcast::platform
