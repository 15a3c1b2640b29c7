#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/fd.h"

namespace wfdcast::platform {

// A pipe whose ends are closed by exec and leave 0, 1 and 2 alone.
struct Pipe {
  Fd read_end, write_end;
};
[[nodiscard]] Result<Pipe> make_pipe();

// What a new process gets as its standard streams; stderr stays ours.
struct StandardStreams {
  int input = -1;   // -1: /dev/null
  int output = -1;  // -1: our stderr
};

// What a new process may do beyond that. None: see forbid_network(); where the kernel cannot, it is Kept.
// Managed: with the capabilities that we have, see hand_on_privileges().
enum class Network : std::uint8_t { Kept, None, Managed };

// Forks and executes: own process group, default signals, dies with us, nothing
// inherited but the three streams, and no program that it executes gains privileges. Returns the pid once
// exec has succeeded; the reason of a failed exec comes back as the error.
[[nodiscard]] Result<int> spawn(const std::vector<std::string>& command, const StandardStreams& streams,
                                Network network = Network::Kept);

}  // namespace wfdcast::platform
