#pragma once

#include <string>

namespace wfdcast::platform {

// Gives up, for this process and all that it starts, every capability but CAP_NET_RAW (SO_BINDTODEVICE before
// Linux 5.7, and raw sockets) and CAP_NET_ADMIN (addresses of Wi-Fi Direct groups, settings of wireless
// interfaces); children get none at all, not even root's, and no program that they execute can gain one
// (no_new_privs). What the kernel does not know is left out.
void drop_privileges();
// No core dump, and no ptrace by others of the same user: the process holds keys.
void keep_memory_private();

// Whether the process at the other end of a Unix socket may steer us: root, our own user, or a member of the
// group that the socket's file belongs to. Beside the mode of the file, which somebody may have changed.
[[nodiscard]] bool may_control(int connection, const std::string& socket_file);

}  // namespace wfdcast::platform
