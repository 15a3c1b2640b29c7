#pragma once

namespace wfdcast::platform {

// Takes the network from this process and from all that it executes: from now on socket() knows Unix sockets
// and netlink only (EAFNOSUPPORT). For helpers that decode what came from the network. False: this kernel or
// processor cannot (seccomp filters are optional in Linux), and nothing has changed. Good after fork():
// system calls only.
bool forbid_network();

}  // namespace wfdcast::platform
