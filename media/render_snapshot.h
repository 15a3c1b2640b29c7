#pragma once

#include <string>

#include "media/render_report.h"

namespace wfdcast::media {

// Replaces `path` in one step: who reads it sees the old or the new content.
// Says on stderr what went wrong.
void write_file(const std::string& path, std::string_view content);
// The picture as PNG, within a second; false when there is none or it cannot be converted.
bool write_snapshot(const std::string& path, GstSample* picture);

}  // namespace wfdcast::media
