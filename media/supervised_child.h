#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "platform/child.h"
#include "platform/event_loop.h"

namespace wfdcast::media {

// A child process that is started again when it dies, after 0.5 s, then 1 s
// and so on up to 30 s; a child that ran for 10 s begins at 0.5 s anew.
class SupervisedChild {
 public:
  static constexpr Duration kFirstDelay = 500ms, kLongestDelay = 30s, kStable = 10s;
  static constexpr Duration kGrace = 1s;  // from TERM to KILL

  struct Options {
    std::function<std::vector<std::string>()> command;  // asked before each start
    bool pipe_stdin = false;
    bool pipe_stdout = false;
    // stop() closes stdin and leaves the child this long to end by itself before TERM.
    Duration drain{};
    std::string name;  // for messages: "exec:"
    platform::Network network = platform::Network::Kept;
  };
  struct Callbacks {
    std::function<void(platform::Child&)> on_started;
    std::function<void()> on_gone;  // its descriptors are about to be closed
    std::function<void(std::string)> on_trouble = {};
  };
  SupervisedChild(platform::EventLoop& loop, Options options, Callbacks callbacks);
  SupervisedChild(const SupervisedChild&) = delete;
  SupervisedChild& operator=(const SupervisedChild&) = delete;

  void start();
  void stop();
  // The process that runs and is wanted; null else.
  [[nodiscard]] platform::Child* running() const;

 private:
  // Stopping: it was told to end; Restarting: the same, and start() came since.
  enum class State { Idle, Running, Waiting, Stopping, Restarting };
  void spawn();
  void wait(const std::string& why);
  void on_exit(const std::string& how);
  void on_timer();

  platform::EventLoop& loop_;
  Options options_;
  Callbacks callbacks_;
  State state_ = State::Idle;
  Duration delay_ = kFirstDelay;
  Time started_{};
  std::unique_ptr<platform::Child> child_;
  platform::Timer timer_;
};

}  // namespace wfdcast::media
