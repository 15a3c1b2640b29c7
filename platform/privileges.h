#pragma once

#include <string>

namespace wfdcast::platform {

// Gives up, for this process and all that it starts, every capability but CAP_NET_RAW (SO_BINDTODEVICE before
// Linux 5.7, and raw sockets) and CAP_NET_ADMIN (addresses of Wi-Fi Direct groups, settings of wireless
// interfaces); children get none at all, not even root's, and no program that they execute can gain one
// (no_new_privs). What the kernel does not know is left out. CAP_NET_BIND_SERVICE, of a daemon that was
// given it, sleeps: it is for hand_on_privileges() alone.
void drop_privileges();
// In a child, before it executes a program that sees to addresses: what drop_privileges() left goes on to
// it (ambient capabilities, Linux 4.3; before that it gets none). Async-signal-safe.
void hand_on_privileges();
// No core dump, and no ptrace by others of the same user: the process holds keys.
void keep_memory_private();

// Whether the process at the other end of a Unix socket may steer us: root, our own user, or a member of the
// group that the socket's file belongs to. Beside the mode of the file, which somebody may have changed.
[[nodiscard]] bool may_control(int connection, const std::string& socket_file);

}  // namespace wfdcast::platform
