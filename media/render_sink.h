#pragma once

#include <string>

namespace wfdcast::media {

// The sink for pictures that works here: Wayland, X, the display controller or
// a framebuffer. Throws ProgramError where there is none. autovideosink would
// try every plugin, among them some that crash without their hardware.
[[nodiscard]] std::string choose_video_sink();

// The sink for sound that works here; one that only keeps time where there is
// none, since many a screen has no loudspeaker.
[[nodiscard]] std::string choose_audio_sink();

}  // namespace wfdcast::media
