#pragma once

#include <string>

#include "media/capture_options.h"
#include "media/program.h"

namespace wfdcast::media {

// The beginning of the pipeline, in gst-launch syntax. Both give raw, live
// data: video in the size and rate that is wanted, audio in any format.
[[nodiscard]] std::string video_source(const CaptureOptions& options);
[[nodiscard]] std::string audio_source(const CaptureOptions& options);
// What lies over the picture: the clock and frame counter of the test card; else nothing.
[[nodiscard]] std::string video_overlay(const CaptureOptions& options);

// Sets what is not safe in gst-launch syntax (names of devices), and starts
// the running text of the test card.
void set_up_sources(GstElement* pipeline, const CaptureOptions& options);

}  // namespace wfdcast::media
