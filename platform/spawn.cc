#include "platform/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "platform/no_network.h"
#include "platform/privileges.h"

namespace wfdcast::platform {
namespace {

constexpr unsigned kCloseRangeCloexec = 1U << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11

// All that the child needs after fork(), where only async-signal-safe calls are allowed.
struct Plan {
  char* const* argv;
  StandardStreams streams;
  Network network;
  pid_t parent;
  int report;  // exec's errno goes here; exec itself closes it
};

// A handler of ours that ran in the child before exec would write into the
// loop's signal pipe, which the child shares.
void reset_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action{};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    if (action.sa_handler == SIG_IGN && number != SIGPIPE) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool set_streams(const StandardStreams& streams) {
  const int null = streams.input < 0 ? ::open("/dev/null", O_RDONLY) : -1;
  if (::dup2(streams.input < 0 ? null : streams.input, STDIN_FILENO) < 0) return false;
  if (null > STDERR_FILENO) ::close(null);
  return ::dup2(streams.output < 0 ? STDERR_FILENO : streams.output, STDOUT_FILENO) >= 0;
}

bool prepare_child(const Plan& plan) {
  if (::setpgid(0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  if (::getppid() != plan.parent) ::_exit(127);  // it died before prctl
  if (!set_streams(plan.streams)) return false;
#ifdef SYS_close_range
  // For descriptors of libraries that forgot O_CLOEXEC; ours all have it.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, kCloseRangeCloexec);
#endif
  reset_signals();
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (plan.network == Network::None) (void)forbid_network();
  if (plan.network == Network::Managed) hand_on_privileges();
  return true;
}

[[noreturn]] void run_child(const Plan& plan) {
  if (prepare_child(plan)) ::execvp(plan.argv[0], plan.argv);
  const int error = errno;
  (void)!::write(plan.report, &error, sizeof error);
  ::_exit(127);
}

// With every signal blocked, so that none is handled between fork() and reset_signals().
pid_t fork_quietly(const Plan& plan) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) run_child(plan);
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

// Zero when exec has closed the pipe.
int read_exec_error(int report) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(report, &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof error) ? error : 0;
}

}  // namespace

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno);
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  for (Fd* end : {&pipe.read_end, &pipe.write_end}) {
    if (end->get() > STDERR_FILENO) continue;
    *end = Fd(::fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!*end) return fail_errno(errno);
  }
  return pipe;
}

Result<int> spawn(const std::vector<std::string>& command, const StandardStreams& streams, Network network) {
  if (command.empty()) return fail_errno(EINVAL);
  auto report = make_pipe();
  if (!report) return fail(report.error());
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  const pid_t pid = fork_quietly({argv.data(), streams, network, ::getpid(), report->write_end.get()});
  if (pid < 0) return fail_errno(errno);
  ::setpgid(pid, pid);  // either side may be first; once exec is done this fails, and the child did it
  report->write_end.reset();
  if (const int error = read_exec_error(report->read_end.get()); error != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return fail_errno(error);
  }
  return pid;
}

}  // namespace wfdcast::platform
