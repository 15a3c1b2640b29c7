#include "media/render_snapshot.h"

#include <fmt/format.h>
#include <gst/video/video.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace wfdcast::media {

void write_file(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    fmt::print(stderr, "wfd-render: {}: {}\n", path, std::strerror(errno));
  }
}

bool write_snapshot(const std::string& path, GstSample* picture) {
  if (picture == nullptr) return false;
  GstCaps* png = gst_caps_new_empty_simple("image/png");
  GError* error = nullptr;
  GstSample* converted = gst_video_convert_sample(picture, png, GST_SECOND, &error);
  gst_caps_unref(png);
  if (converted == nullptr) {
    fmt::print(stderr, "wfd-render: {}: {}\n", path,
               error == nullptr ? "no conversion to PNG" : error->message);
    g_clear_error(&error);
    return false;
  }
  GstMapInfo map;
  GstBuffer* buffer = gst_sample_get_buffer(converted);
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    write_file(path, {reinterpret_cast<const char*>(map.data), map.size});
    gst_buffer_unmap(buffer, &map);
  }
  gst_sample_unref(converted);
  return true;
}

}  // namespace wfdcast::media
