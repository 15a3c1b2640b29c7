#include "platform/system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "platform/fd.h"
#include "tests/unit/platform_loop.h"
#include "tests/unit/platform_seccomp.h"

namespace wfdcast::platform {
namespace {

void expect_random() {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_u64());
  EXPECT_EQ(seen.size(), 100U);
}

TEST(System, RandomNumbersDiffer) { expect_random(); }

TEST(System, RandomComesFromUrandomOnOldKernels) {
  in_own_process([] {
    take_away(SYS_getrandom);
    std::array<std::uint8_t, 8> memory{};
    ASSERT_EQ(::getrandom(memory.data(), memory.size(), 0), -1);
    expect_random();
  });
}

TEST(System, NtpTimeIsTheWallClockAtFirst) {
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const std::uint64_t ntp = ntp_time(std::chrono::steady_clock::now());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(before).count() + 2'208'988'800;
  EXPECT_LE(static_cast<std::uint64_t>(seconds) - (ntp >> 32), 1U);
}

TEST(System, NtpTimeRunsWithTheMonotonicClock) {
  const Time now = std::chrono::steady_clock::now();
  EXPECT_EQ(ntp_time(now + 10s) - ntp_time(now), 10ULL << 32);
  const std::uint64_t half = ntp_time(now + 500ms) - ntp_time(now);
  EXPECT_LE(half - ((1ULL << 31) - 8), 16U);  // 32.32 cuts below a quarter of a nanosecond
}

struct NotifySocket {
  explicit NotifySocket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~NotifySocket() { ::unsetenv("NOTIFY_SOCKET"); }
  std::string receive() const {
    std::array<char, 100> text{};
    const ssize_t size = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  Fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST(System, NotifiesSystemdByPathAndByAbstractName) {
  const std::string name = "/tmp/wfdcast-notify-" + std::to_string(::getpid());
  for (const std::string& path : {name, "@" + name}) {
    const NotifySocket socket(path);
    notify_systemd("READY=1");
    EXPECT_EQ(socket.receive(), "READY=1") << path;
  }
  ::unlink(name.c_str());
}

TEST(System, NotifiesNobodyWithoutASocket) {
  const std::size_t before = open_descriptors();
  notify_systemd("READY=1");
  ::setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
  notify_systemd("READY=1");
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  notify_systemd("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_EQ(open_descriptors(), before);
}

TEST(System, WatchdogPeriodIsHalfAndOnlyForThisProcess) {
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(watchdog_period(), 0s);
  ::setenv("WATCHDOG_USEC", "10000000", 1);
  EXPECT_EQ(watchdog_period(), 5s);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_period(), 5s);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(watchdog_period(), 0s);
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(watchdog_period(), 0s);
  ::unsetenv("WATCHDOG_USEC");
}

// sd_listen_fds(3): the socket is descriptor 3.
void activate(const Fd& socket, const std::string& pid) {
  ASSERT_EQ(::dup2(socket.get(), 3), 3);
  ::setenv("LISTEN_PID", pid.c_str(), 1);
  ::setenv("LISTEN_FDS", "1", 1);
}

TEST(System, TakesTheSocketThatSystemdOpened) {
  in_own_process([] {
    const Fd listening(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(::listen(listening.get(), 1), 0);
    activate(listening, std::to_string(::getpid()));
    Fd taken = take_systemd_socket();
    EXPECT_EQ(taken.release(), 3);
    EXPECT_NE(::fcntl(3, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::fcntl(3, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);  // not for the children
    EXPECT_FALSE(take_systemd_socket());
  });
}

TEST(System, LeavesASocketThatIsForAnotherOrDoesNotListen) {
  in_own_process([] {
    const Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
    activate(socket, std::to_string(::getpid()));
    EXPECT_FALSE(take_systemd_socket());
    ASSERT_EQ(::listen(socket.get(), 1), 0);
    activate(socket, "1");
    EXPECT_FALSE(take_systemd_socket());
  });
}

TEST(System, HostNameIsTheKernels) {
  std::array<char, 256> name{};
  ASSERT_EQ(::gethostname(name.data(), name.size()), 0);
  EXPECT_EQ(host_name(), name.data());
}

// Resident pages of files: the third figure of /proc/self/statm, see proc(5).
long resident_pages_of_files() {
  long size = 0, resident = 0, of_files = 0;
  std::ifstream("/proc/self/statm") >> size >> resident >> of_files;
  return of_files;
}

TEST(System, StartupPagesAreForgottenAndTheProgramGoesOn) {
  const long before = resident_pages_of_files();
  forget_startup_pages();
  const long after = resident_pages_of_files();
  EXPECT_LT(after, before - before / 10);
  expect_random();
  forget_startup_pages();
  EXPECT_EQ(host_name(), host_name());
}

TEST(System, RandomNumbersThatAreNotThereYetAreNotWaitedFor) {
  EXPECT_TRUE(random_ready());
  in_own_process([] {
    take_away(SYS_getrandom, EAGAIN);
    EXPECT_FALSE(random_ready());
  });
  in_own_process([] {
    take_away(SYS_getrandom);  // Linux before 3.17: /dev/urandom never waits
    EXPECT_TRUE(random_ready());
  });
}

TEST(System, PreparedProcessHasAllDescriptorsAndNoSigpipe) {
  in_own_process([] {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    prepare_process();
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
    ::raise(SIGPIPE);
  });
}

}  // namespace
}  // namespace wfdcast::platform
