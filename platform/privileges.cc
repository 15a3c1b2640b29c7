#include "platform/privileges.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace wfdcast::platform {
namespace {

constexpr int kLastCapability = 63;
constexpr unsigned kUsed = 1U << CAP_NET_RAW | 1U << CAP_NET_ADMIN;
constexpr unsigned kKept = kUsed | 1U << CAP_NET_BIND_SERVICE;  // all of them below 32
constexpr bool is_kept(int capability) { return capability < 32 && (kKept >> capability & 1U) != 0; }

// The supplementary groups of the peer; none before Linux 4.13.
std::vector<gid_t> peer_groups(int connection) {
#ifdef SO_PEERGROUPS
  std::vector<gid_t> groups(64);
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return {};
  groups.resize(size / sizeof(gid_t));
  return groups;
#else
  (void)connection;
  return {};
#endif
}

}  // namespace

void drop_privileges() {
  // In this order: the first two need CAP_SETPCAP, which the third gives up.
  ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);
  for (int capability = 0; capability <= kLastCapability; ++capability) {
    if (!is_kept(capability)) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) == 0) {
    const unsigned kept = sets[0].permitted & kKept;
    sets = {};
    sets[0].permitted = kept;
    sets[0].effective = kept & kUsed;
    ::syscall(SYS_capset, &header, sets.data());
  }
#ifdef PR_CAP_AMBIENT
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
#endif
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void hand_on_privileges() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return;
  sets[0].inheritable = sets[0].permitted;
  // Where this is not allowed systemd has made them inheritable already.
  ::syscall(SYS_capset, &header, sets.data());
#ifdef PR_CAP_AMBIENT
  for (int capability = 0; capability < 32; ++capability) {
    if (is_kept(capability)) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
  }
#endif
}

void keep_memory_private() { ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

bool may_control(int connection, const std::string& socket_file) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
  struct stat file{};
  if (::lstat(socket_file.c_str(), &file) != 0) return false;
  const auto groups = peer_groups(connection);
  return peer.gid == file.st_gid || std::ranges::find(groups, file.st_gid) != groups.end();
}

}  // namespace wfdcast::platform
