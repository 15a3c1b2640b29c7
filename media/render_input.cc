#include "media/render_input.h"

#include <glib-unix.h>
#include <gst/app/gstappsrc.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wfdcast::media {
namespace {

constexpr gsize kReadSize = 188 * 348;  // 64 KiB: what a pipe holds

}  // namespace

StdinFeed::StdinFeed(GstElement* appsrc, RenderReport& report, OnEnd on_end)
    : appsrc_(appsrc), report_(report), on_end_(std::move(on_end)) {
  const auto on_readable = [](gint, GIOCondition, gpointer self) -> gboolean {
    return static_cast<StdinFeed*>(self)->read() ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
  };
  g_unix_fd_add(STDIN_FILENO, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR), on_readable, this);
}

bool StdinFeed::read() {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kReadSize, nullptr);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  const ssize_t size = ::read(STDIN_FILENO, map.data, map.size);
  const int error = errno;
  gst_buffer_unmap(buffer, &map);
  if (size <= 0) {
    gst_buffer_unref(buffer);
    if (size < 0 && (error == EINTR || error == EAGAIN)) return true;
    on_end_();
    gst_app_src_end_of_stream(GST_APP_SRC(appsrc_));
    return false;
  }
  gst_buffer_set_size(buffer, size);
  report_.bytes(static_cast<std::size_t>(size));
  gst_app_src_push_buffer(GST_APP_SRC(appsrc_), buffer);
  return true;
}

}  // namespace wfdcast::media
