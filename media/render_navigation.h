#pragma once

#include "media/program.h"

namespace wfdcast::media {

// Writes what a person does with the window to stdout, a line each, as
// media/input_lines.h reads it: keys by the names of X, places in pixels of the
// picture. What is beside the picture is left out, but for letting go.
void tell_navigation(GstPad* pad);

}  // namespace wfdcast::media
