#include "platform/system.h"

#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <span>
#include <system_error>

#include "base/text.h"
#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

void read_urandom(ByteSpan memory) {
  const Fd urandom(::open("/dev/urandom", O_RDONLY | O_CLOEXEC));
  if (!urandom) throw_errno("/dev/urandom");
  while (!memory.empty()) {
    const ssize_t got = ::read(urandom.get(), memory.data(), memory.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw_errno("/dev/urandom");
    memory = memory.subspan(static_cast<std::size_t>(got));
  }
}

// Wall clock minus monotonic clock.
Duration wall_offset() {
  const auto wall = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const Time monotonic = std::chrono::steady_clock::now();
  return wall.time_since_epoch() - monotonic.time_since_epoch();
}

}  // namespace

void fill_random(ByteSpan memory) {
  while (!memory.empty()) {
    const ssize_t got = ::getrandom(memory.data(), memory.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOSYS) return read_urandom(memory);
    if (got < 0) throw_errno("getrandom");
    memory = memory.subspan(static_cast<std::size_t>(got));
  }
}

bool random_ready() {
  std::uint8_t byte = 0;
  if (::getrandom(&byte, 1, GRND_NONBLOCK) == 1 || errno != EAGAIN) return true;
  // An idle board may gather none for minutes. Linux 5.18, and its long-term kernels since, make them out of
  // the clock's jitter for whoever reads this, which takes a second; not for whoever asks as above.
  const Fd urandom(::open("/dev/urandom", O_RDONLY | O_CLOEXEC));
  return urandom && ::read(urandom.get(), &byte, 1) == 1 && ::getrandom(&byte, 1, GRND_NONBLOCK) == 1;
}

void pause(Duration time) {
  ::poll(nullptr, 0, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()));
}

std::uint64_t random_u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill_random(bytes);
  return ByteReader(bytes).u64();
}

std::uint64_t ntp_time(Time now) {
  constexpr std::uint64_t k1900To1970 = 2'208'988'800;  // RFC 5905 figure 4
  constexpr std::uint64_t kNanosecondsInASecond = 1'000'000'000;
  static const Duration offset = wall_offset();
  const auto since_1970 = static_cast<std::uint64_t>((now.time_since_epoch() + offset).count());
  const std::uint64_t fraction = ((since_1970 % kNanosecondsInASecond) << 32) / kNanosecondsInASecond;
  return (since_1970 / kNanosecondsInASecond + k1900To1970) << 32 | fraction;
}

void notify_systemd(std::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  (void)send_to_path(fd.get(), path, state);
}

Duration watchdog_period() {
  const char* const microseconds = std::getenv("WATCHDOG_USEC");
  const char* const pid = std::getenv("WATCHDOG_PID");
  if (microseconds == nullptr) return {};
  if (pid != nullptr && parse_number<pid_t>(pid) != ::getpid()) return {};
  return std::chrono::microseconds(parse_number<std::uint32_t>(microseconds).value_or(0)) / 2;
}

Fd take_systemd_socket() {
  constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
  const char* const pid = std::getenv("LISTEN_PID");
  const bool ours = pid != nullptr && parse_number<pid_t>(pid) == ::getpid();
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  int listening = 0;
  socklen_t size = sizeof listening;
  if (!ours || ::getsockopt(kFirst, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
    return {};
  ::fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  ::fcntl(kFirst, F_SETFL, ::fcntl(kFirst, F_GETFL) | O_NONBLOCK);
  return Fd(kFirst);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, the kernel would reap our children before we do
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void forget_startup_pages() {
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void*) {
        const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
          // A segment that was ever writable (RELRO too) holds pages of its own, which must stay.
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
          const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
          const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
          ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
        }
        return 0;
      },
      nullptr);
}

}  // namespace wfdcast::platform
