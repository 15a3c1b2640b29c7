#pragma once

#include <string>

namespace wfdcast::daemon {

// What wfd_display_edid says: 256 hex digits for each block of 128 bytes. "auto":
// the first connected display of the kernel (/sys/class/drm); else a file as it
// stands there. Empty where there is none, or what there is is none.
[[nodiscard]] std::string display_edid(const std::string& setting);

}  // namespace wfdcast::daemon
