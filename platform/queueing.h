#pragma once

#include <string>

namespace wfdcast::platform {

// The kind of the queueing discipline at the root of an interface, by rtnetlink: "noqueue", "pfifo_fast",
// "tbf", "fq"; empty where it is not known.
[[nodiscard]] std::string root_queueing(int interface_index);

}  // namespace wfdcast::platform
