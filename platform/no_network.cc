#include "platform/no_network.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>

namespace wfdcast::platform {
namespace {

// Numbers of system calls mean something only together with the architecture.
#if defined(__x86_64__) && !defined(__ILP32__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__arm__)
constexpr unsigned kArchitecture = AUDIT_ARCH_ARM;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr unsigned kArchitecture = AUDIT_ARCH_RISCV64;
#else
constexpr unsigned kArchitecture = 0;  // such as i386, where socketcall() hides what is asked for
#endif

constexpr unsigned kX32 = 0x40000000;    // x86-64 has a second table of numbers from here on
constexpr unsigned kIoUringSetup = 425;  // Linux 5.1, the same everywhere; it can make sockets too
constexpr auto kDomain =
    static_cast<unsigned>(offsetof(seccomp_data, args)) + (std::endian::native == std::endian::big ? 4U : 0U);

constexpr unsigned refused(int error) { return SECCOMP_RET_ERRNO | static_cast<unsigned>(error); }

}  // namespace

bool forbid_network() {
  if constexpr (kArchitecture == 0) return false;
  constexpr unsigned short kLoad = BPF_LD | BPF_W | BPF_ABS, kReturn = BPF_RET | BPF_K;
  constexpr unsigned short kEqual = BPF_JMP | BPF_JEQ | BPF_K, kFrom = BPF_JMP | BPF_JGE | BPF_K;
  std::array<sock_filter, 12> program = {{
      {kLoad, 0, 0, offsetof(seccomp_data, arch)},
      {kEqual, 0, 8, kArchitecture},
      {kLoad, 0, 0, offsetof(seccomp_data, nr)},
      {kFrom, 6, 0, kX32},
      {kEqual, 5, 0, kIoUringSetup},
      {kEqual, 0, 5, SYS_socket},
      {kLoad, 0, 0, kDomain},
      {kEqual, 3, 0, AF_UNIX},
      {kEqual, 2, 0, AF_NETLINK},
      {kReturn, 0, 0, refused(EAFNOSUPPORT)},
      {kReturn, 0, 0, refused(EPERM)},
      {kReturn, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog filter{program.size(), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace wfdcast::platform
