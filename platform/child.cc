#include "platform/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace wfdcast::platform {
namespace {

// None before Linux 5.3, and where a sandbox forbids it.
Fd open_pidfd(int pid) {
#ifdef SYS_pidfd_open
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
#else
  (void)pid;
  return {};
#endif
}

void make_nonblocking(const Fd& fd) {
  if (fd) ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

std::string describe(const siginfo_t& info) {
  if (info.si_pid == 0) return "gone, and reaped by somebody else";
  if (info.si_code == CLD_EXITED) return fmt::format("exited with {}", info.si_status);
  const char* const name = ::sigabbrev_np(info.si_status);
  if (name == nullptr) return fmt::format("killed by signal {}", info.si_status);
  return fmt::format("killed by signal {} (SIG{})", info.si_status, name);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(EventLoop& loop, const Options& options, OnExit on_exit) {
  Pipe input, output;
  for (auto [wanted, pipe] : {std::pair{options.pipe_stdin, &input}, {options.pipe_stdout, &output}}) {
    if (!wanted) continue;
    auto made = make_pipe();
    if (!made) return fail(made.error());
    *pipe = std::move(*made);
  }
  const auto pid = spawn(options.command, {input.read_end.get(), output.write_end.get()}, options.network);
  if (!pid) return fail(pid.error());
  make_nonblocking(input.write_end);
  make_nonblocking(output.read_end);
  return std::unique_ptr<Child>(
      new Child(loop, *pid, std::move(input.write_end), std::move(output.read_end), std::move(on_exit)));
}

Child::Child(EventLoop& loop, int pid, Fd stdin_pipe, Fd stdout_pipe, OnExit on_exit)
    : loop_(loop),
      pid_(pid),
      stdin_(std::move(stdin_pipe)),
      stdout_(std::move(stdout_pipe)),
      pidfd_(open_pidfd(pid)),
      on_exit_(std::move(on_exit)),
      first_look_(loop, [this] { reap_if_over(); }),
      kill_(loop, [this] { ::kill(-pid_, SIGKILL); }) {
  if (pidfd_) {
    exited_.emplace(loop, pidfd_.get(), Watch::On::Read, [this] { reap_if_over(); });
  } else {
    sigchld_.emplace(loop, SIGCHLD, [this] { reap_if_over(); });
    first_look_.set(loop.now());
  }
}

Child::~Child() {
  if (reaped_) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Child::stop(Duration grace) {
  if (reaped_) return;
  ::kill(-pid_, SIGTERM);
  kill_.set(loop_.now() + grace);
}

// The group is killed while the zombie still holds its number: once reaped, the
// number may be another's.
void Child::reap_if_over() {
  if (reaped_) return;
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid_);
  const bool asked = ::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (asked && info.si_pid == 0) return;
  if (asked) {
    ::kill(-pid_, SIGKILL);
    ::waitid(P_PID, id, &info, WEXITED | WNOHANG);
  }
  reaped_ = true;
  kill_.set(std::nullopt);
  if (exited_) exited_->disable();
  on_exit_(describe(info));
}

}  // namespace wfdcast::platform
