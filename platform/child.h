#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/event_loop.h"
#include "platform/fd.h"
#include "platform/spawn.h"

namespace wfdcast::platform {

// A child process in its own process group, reaped by pidfd (SIGCHLD where the
// kernel has none). Only stdin, stdout and stderr are inherited. It dies when
// our process dies; the rest of its group dies when it exits.
class Child {
 public:
  struct Options {
    std::vector<std::string> command;  // argv; searched in PATH
    bool pipe_stdin = false;           // else /dev/null
    bool pipe_stdout = false;          // else our stderr
    Network network = Network::Kept;
  };
  using OnExit = std::function<void(std::string how)>;  // "exited with 3", "killed by signal 11 (SIGSEGV)"
  // A command that cannot be executed is an error here, not an exit.
  [[nodiscard]] static Result<std::unique_ptr<Child>> start(EventLoop& loop, const Options& options,
                                                            OnExit on_exit);
  // Kills the whole group and reaps without a callback.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // TERM to the group now, KILL after `grace`.
  void stop(Duration grace);
  [[nodiscard]] int stdin_fd() const { return stdin_.get(); }    // non-blocking; -1 when not piped
  [[nodiscard]] int stdout_fd() const { return stdout_.get(); }  // may hold output after on_exit
  void close_stdin() { stdin_.reset(); }
  [[nodiscard]] int pid() const { return pid_; }

 private:
  Child(EventLoop& loop, int pid, Fd stdin_pipe, Fd stdout_pipe, OnExit on_exit);
  void reap_if_over();

  EventLoop& loop_;
  int pid_;
  bool reaped_ = false;
  Fd stdin_, stdout_, pidfd_;
  OnExit on_exit_;
  std::optional<Watch> exited_;         // by pidfd
  std::optional<SignalWatch> sigchld_;  // where there is none
  Timer first_look_;                    // for an exit before sigchld_ was there
  Timer kill_;
};

}  // namespace wfdcast::platform
