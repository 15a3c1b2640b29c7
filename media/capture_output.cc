#include "media/capture_output.h"

#include <fcntl.h>
#include <gst/app/gstappsink.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "media/lpcm.h"

namespace wfdcast::media {
namespace {

// Holds an IDR picture of 1080p, so that one write is one system call.
constexpr int kPipeSize = 1024 * 1024;

}  // namespace

StdoutWriter::StdoutWriter(GstElement* appsink, OnClosed on_closed, unsigned audio_pid)
    : on_closed_(std::move(on_closed)), audio_pid_(audio_pid) {
  (void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, kPipeSize);  // not a pipe: fine
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* sink, gpointer self) {
    GstSample* sample = gst_app_sink_pull_sample(sink);
    const GstFlowReturn flow = static_cast<StdoutWriter*>(self)->take(sample);
    gst_sample_unref(sample);
    return flow;
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(appsink), &callbacks, this, nullptr);
}

GstFlowReturn StdoutWriter::take(GstSample* sample) {
  collected_.clear();
  if (GstBufferList* list = gst_sample_get_buffer_list(sample)) {
    for (guint i = 0; i < gst_buffer_list_length(list); ++i) collect(gst_buffer_list_get(list, i));
  } else {
    collect(gst_sample_get_buffer(sample));
  }
  if (write_collected()) return GST_FLOW_OK;
  const auto tell = [](gpointer self) -> gboolean {
    static_cast<StdoutWriter*>(self)->on_closed_();
    return G_SOURCE_REMOVE;
  };
  g_idle_add(tell, this);
  return GST_FLOW_EOS;
}

void StdoutWriter::collect(GstBuffer* buffer) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  const std::size_t before = collected_.size();
  collected_.append(reinterpret_cast<const char*>(map.data), map.size);
  fix_lpcm_stream_id(reinterpret_cast<std::uint8_t*>(collected_.data()) + before, map.size, audio_pid_);
  gst_buffer_unmap(buffer, &map);
}

bool StdoutWriter::write_collected() {
  std::size_t written = 0;
  while (written < collected_.size()) {
    const ssize_t size = ::write(STDOUT_FILENO, collected_.data() + written, collected_.size() - written);
    if (size >= 0) {
      written += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {
      g_usleep(1000);  // somebody made stdout non-blocking
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace wfdcast::media
