#include "media/capture_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace wfdcast::media {
namespace {

constexpr guint kRetryMilliseconds = 1000;

GstElement* make_bin(const std::string& description) {
  require_elements(description);
  return gst_parse_bin_from_description(description.c_str(), TRUE, nullptr);
}

std::string uri_of(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) {
    throw ProgramError(kExitFailed, fmt::format("--file {}: {}", path, std::strerror(errno)));
  }
  gchar* uri = gst_filename_to_uri(path.c_str(), nullptr);
  std::string text = uri == nullptr ? "" : uri;
  g_free(uri);
  return text;
}

}  // namespace

FileFeed::FileFeed(const CaptureOptions& options) {
  const std::string uri = uri_of(options.path);
  require_element("playbin");
  player_.reset(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("playbin", nullptr))));
  GstElement* video = make_bin(fmt::format(
      "videorate ! videoscale add-borders=true ! videoconvert ! "
      "video/x-raw,format=I420,width={},height={},framerate={}/1,pixel-aspect-ratio=1/1 ! intervideosink",
      options.width, options.height, options.rate));
  GstElement* audio =
      make_bin("audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! interaudiosink");
  g_object_set(player_.get(), "uri", uri.c_str(), "video-sink", video, "audio-sink", audio, nullptr);
  const auto on_bus = [](GstBus*, GstMessage* message, gpointer self) -> gboolean {
    static_cast<FileFeed*>(self)->on_message(message);
    return G_SOURCE_CONTINUE;
  };
  const Owned<GstBus> bus(gst_element_get_bus(player_.get()));
  gst_bus_add_watch(bus.get(), on_bus, this);
}

FileFeed::~FileFeed() { gst_element_set_state(player_.get(), GST_STATE_NULL); }

void FileFeed::start() { gst_element_set_state(player_.get(), GST_STATE_PLAYING); }

void FileFeed::on_message(GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ASYNC_DONE:
      played_ = true;
      return;
    case GST_MESSAGE_EOS:
      return start_over();
    case GST_MESSAGE_ERROR:
      fmt::print(stderr, "wfd-capture: {}\n", describe(message));
      return start_over();
    default:
      return;
  }
}

// A seek would do for most formats; a new start does for all.
void FileFeed::start_over() {
  gst_element_set_state(player_.get(), GST_STATE_READY);
  if (std::exchange(played_, false)) return start();
  const auto retry = [](gpointer self) -> gboolean {
    static_cast<FileFeed*>(self)->start();
    return G_SOURCE_REMOVE;
  };
  g_timeout_add(kRetryMilliseconds, retry, this);
}

}  // namespace wfdcast::media
