#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/event_loop.h"
#include "platform/fd.h"

namespace wfdcast::platform {

// A child process in its own process group, reaped by pidfd (SIGCHLD where the
// kernel has none). Only stdin, stdout and stderr are inherited.
class Child {
 public:
  struct Options {
    std::vector<std::string> command;  // argv; searched in PATH
    bool pipe_stdin = false;           // else /dev/null
    bool pipe_stdout = false;          // else our stderr
  };
  using OnExit = std::function<void(std::string how)>;  // "exited with 3", "killed by signal 11 (SIGSEGV)"
  [[nodiscard]] static Result<std::unique_ptr<Child>> start(EventLoop& loop, const Options& options,
                                                            OnExit on_exit);
  // Kills the whole group and reaps without a callback.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // TERM to the group now, KILL after `grace`.
  void stop(Duration grace);
  [[nodiscard]] int stdin_fd() const;  // non-blocking; -1 when not piped
  [[nodiscard]] int stdout_fd() const;
  void close_stdin();
  [[nodiscard]] int pid() const;

 private:
  struct Impl;
  explicit Child(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wfdcast::platform
