#pragma once

#include <cstdint>

namespace wfdcast::media {

// A screen that the desktop portal gave: a PipeWire connection and a node of it.
struct PortalScreen {
  int fd = -1;
  std::uint32_t node = 0;
};

// Asks org.freedesktop.portal.ScreenCast for a screen; the desktop asks the
// person in front of it. Blocks until that is answered. The screen is ours
// until this process ends. Throws ProgramError(kExitUnavailable).
[[nodiscard]] PortalScreen open_portal_screen();

}  // namespace wfdcast::media
