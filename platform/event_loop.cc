#include "platform/event_loop.h"

#include <event2/event.h>
#include <sys/timerfd.h>

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
  // It has no timers: its own idea of the time is not needed.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_NO_CACHE_TIME);
  event_base* const base = event_base_new_with_config(config.get());
  if (base == nullptr) throw std::system_error(errno, std::system_category(), "event_base_new");
  return base;
}

EventPtr make_event(EventLoop& loop, int fd, int what, event_callback_fn callback, void* owner) {
  EventPtr event(event_new(loop.base(), fd, static_cast<short>(what), callback, owner));
  if (!event) throw std::bad_alloc();
  return event;
}

void add(event& event) {
  if (event_add(&event, nullptr) != 0) throw std::system_error(errno, std::system_category(), "event_add");
}

}  // namespace

void EventDeleter::operator()(event* event) const { event_free(event); }
void EventDeleter::operator()(event_base* base) const { event_base_free(base); }

// Edge-triggered: an alarm that went off needs no read(), it is set again or it is not.
EventLoop::EventLoop()
    : base_(make_base()),
      alarm_fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      alarm_(make_event(
          *this, alarm_fd_.get(), EV_READ | EV_PERSIST | EV_ET,
          [](evutil_socket_t, short, void* self) { static_cast<EventLoop*>(self)->alarm_at_.reset(); },
          this)) {
  if (!alarm_fd_) throw std::system_error(errno, std::system_category(), "timerfd_create");
  add(*alarm_);
}

EventLoop::~EventLoop() {
  // A task may own what posts again when it dies.
  while (!tasks_.empty()) std::exchange(tasks_, {}).clear();
}

void EventLoop::run() {
  while (!stopping_) {
    run_timers();
    run_tasks();
    if (stopping_) break;
    set_alarm();
    const int wait = tasks_.empty() ? 0 : EVLOOP_NONBLOCK;
    if (event_base_loop(base_.get(), EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | wait) < 0) {
      throw std::system_error(errno, std::system_category(), "event_base_loop");
    }
  }
  stopping_ = false;
}

// Each at most once a turn, so that timers that are always due do not starve the descriptors.
void EventLoop::run_timers() {
  if (timers_.empty()) return;
  const Time now = this->now();
  for (std::size_t left = timers_.size(); left > 0; --left) {
    if (timers_.empty() || timers_.begin()->first > now) return;
    timers_.begin()->second->expire();
  }
}

void EventLoop::set_alarm() {
  if (timers_.empty() || (alarm_at_ && *alarm_at_ <= timers_.begin()->first)) return;
  // A far deadline is reached in steps: seconds are 32 bits wide on 32-bit ARM.
  constexpr Duration kLongestStep = std::chrono::hours(24);
  const Time now = this->now();
  const Time at = std::clamp(timers_.begin()->first, now, now + kLongestStep);
  const auto whole = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
  itimerspec alarm{};
  alarm.it_value.tv_sec = static_cast<decltype(alarm.it_value.tv_sec)>(whole.count());
  alarm.it_value.tv_nsec =
      static_cast<decltype(alarm.it_value.tv_nsec)>((at.time_since_epoch() - whole).count());
  if (::timerfd_settime(alarm_fd_.get(), TFD_TIMER_ABSTIME, &alarm, nullptr) != 0)
    throw std::system_error(errno, std::system_category(), "timerfd_settime");
  alarm_at_ = at;
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
    : loop_(loop), on_expiry_(std::move(on_expiry)) {
  Queue queue;
  node_ = queue.extract(queue.emplace(Time{}, this));
}

Timer::~Timer() { leave(); }

void Timer::set(std::optional<Time> deadline) {
  deadline_ = deadline;
  if (!deadline) {
    leave();
  } else if (!place_ || *deadline < (*place_)->first) {
    enter(*deadline);
  }
}

void Timer::leave() {
  if (place_) node_ = loop_.timers_.extract(*place_);
  place_.reset();
}

void Timer::enter(Time at) {
  leave();
  node_.key() = at;
  place_ = loop_.timers_.insert(std::move(node_));
}

void Timer::expire() {
  leave();
  if (loop_.now() < *deadline_) return enter(*deadline_);
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
