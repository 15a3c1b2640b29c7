#include "media/supervised_child.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wfdcast::media {

SupervisedChild::SupervisedChild(platform::EventLoop& loop, Options options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { on_timer(); }) {}

platform::Child* SupervisedChild::running() const {
  return state_ == State::Running ? child_.get() : nullptr;
}

void SupervisedChild::start() {
  switch (state_) {
    case State::Idle:
      delay_ = kFirstDelay;
      state_ = State::Waiting;
      return timer_.set(loop_.now());
    case State::Stopping:
      state_ = State::Restarting;
      return;
    case State::Running:
    case State::Waiting:
    case State::Restarting:
      return;
  }
}

void SupervisedChild::stop() {
  switch (state_) {
    case State::Running:
      state_ = State::Stopping;
      callbacks_.on_gone();
      child_->close_stdin();
      if (options_.drain == Duration{}) return child_->stop(kGrace);
      return timer_.set(loop_.now() + options_.drain);
    case State::Waiting:
      state_ = State::Idle;
      return timer_.set(std::nullopt);
    case State::Restarting:
      state_ = State::Stopping;
      return;
    case State::Idle:
    case State::Stopping:
      return;
  }
}

void SupervisedChild::spawn() {
  const platform::Child::Options child{.command = options_.command(),
                                       .pipe_stdin = options_.pipe_stdin,
                                       .pipe_stdout = options_.pipe_stdout,
                                       .network = options_.network};
  auto started = platform::Child::start(loop_, child, [this](const std::string& how) { on_exit(how); });
  if (!started) return wait("cannot start: " + started.error().message());
  child_ = std::move(*started);
  state_ = State::Running;
  started_ = loop_.now();
  callbacks_.on_started(*child_);
}

void SupervisedChild::wait(const std::string& why) {
  state_ = State::Waiting;
  timer_.set(loop_.now() + delay_);
  if (callbacks_.on_trouble) {
    callbacks_.on_trouble(fmt::format("{} {}, starting again in {} s", options_.name, why,
                                      std::chrono::duration<double>(delay_).count()));
  }
  delay_ = std::min(delay_ * 2, kLongestDelay);
}

void SupervisedChild::on_exit(const std::string& how) {
  timer_.set(std::nullopt);
  if (state_ == State::Running) callbacks_.on_gone();
  switch (state_) {
    case State::Running:
      if (loop_.now() - started_ >= kStable) delay_ = kFirstDelay;
      return wait(how);
    case State::Restarting:
      state_ = State::Waiting;
      return timer_.set(loop_.now());  // not here, in the callback of what spawn() replaces
    case State::Stopping:
      state_ = State::Idle;
      return;
    case State::Idle:
    case State::Waiting:
      return;
  }
}

void SupervisedChild::on_timer() {
  if (state_ == State::Waiting) return spawn();
  child_->stop(kGrace);  // it did not end when its stdin did
}

}  // namespace wfdcast::media
