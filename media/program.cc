#include "media/program.h"

#include <fmt/format.h>
#include <gst/gsterror.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace wfdcast::media {
namespace {

// Elements that are not in gstreamer1.0-plugins-base, by the beginning of their name (Debian 12).
constexpr auto kPackages = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"textoverlay", "gstreamer1.0-x"},
    {"ximagesink", "gstreamer1.0-x"},
    {"xvimagesink", "gstreamer1.0-x"},
    {"alsa", "gstreamer1.0-alsa"},
    {"pulse", "gstreamer1.0-pulseaudio"},
    {"pipewire", "gstreamer1.0-pipewire"},
    {"gl", "gstreamer1.0-gl"},
    {"vaapi", "gstreamer1.0-vaapi"},
    {"av", "gstreamer1.0-libav"},
    {"x264enc", "gstreamer1.0-plugins-ugly"},
    {"capssetter", "gstreamer1.0-plugins-good"},
    {"audiobuffersplit", "gstreamer1.0-plugins-bad"},
    {"imagefreeze", "gstreamer1.0-plugins-good"},
    {"ximagesrc", "gstreamer1.0-plugins-good"},
    {"v4l2", "gstreamer1.0-plugins-good"},
    {"aacparse", "gstreamer1.0-plugins-good"},
    {"ac3parse", "gstreamer1.0-plugins-good"},
    {"pngenc", "gstreamer1.0-plugins-good"},
    {"auto", "gstreamer1.0-plugins-good"},
    {"mpegts", "gstreamer1.0-plugins-bad"},
    {"tsdemux", "gstreamer1.0-plugins-bad"},
    {"h264parse", "gstreamer1.0-plugins-bad"},
    {"openh264", "gstreamer1.0-plugins-bad"},
    {"voaacenc", "gstreamer1.0-plugins-bad"},
    {"inter", "gstreamer1.0-plugins-bad"},
    {"va", "gstreamer1.0-plugins-bad"},
    {"nv", "gstreamer1.0-plugins-bad"},
    {"kmssink", "gstreamer1.0-plugins-bad"},
    {"waylandsink", "gstreamer1.0-plugins-bad"},
    {"fbdevsink", "gstreamer1.0-plugins-bad"},
    {"audio", "gstreamer1.0-plugins-base"},
    {"video", "gstreamer1.0-plugins-base"},
    {"app", "gstreamer1.0-plugins-base"},
    {"decodebin", "gstreamer1.0-plugins-base"},
    {"playbin", "gstreamer1.0-plugins-base"},
});

// "mux." and "mux.sink_64" refer to an element that is there already.
bool is_reference(std::string_view word) {
  return word.find('.') != std::string_view::npos && word.find_first_of("=/") == std::string_view::npos;
}

}  // namespace

bool has_element(const std::string& name) {
  const Owned<GstElementFactory> factory(gst_element_factory_find(name.c_str()));
  return factory != nullptr;
}

bool opens(const std::string& name) {
  if (!has_element(name)) return false;
  const Owned<GstElement> element(
      GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make(name.c_str(), nullptr))));
  const bool ready = gst_element_set_state(element.get(), GST_STATE_READY) != GST_STATE_CHANGE_FAILURE;
  gst_element_set_state(element.get(), GST_STATE_NULL);
  return ready;
}

std::string_view debian_package(std::string_view element) {
  for (const auto& [beginning, package] : kPackages) {
    if (element.starts_with(beginning)) return package;
  }
  return {};
}

void require_element(const std::string& name) {
  if (has_element(name)) return;
  const std::string_view package = debian_package(name);
  throw ProgramError(
      kExitUnavailable,
      package.empty()
          ? fmt::format("the GStreamer element {} is missing", name)
          : fmt::format("the GStreamer element {} is missing: install the package {}", name, package));
}

void require_elements(std::string_view description) {
  bool at_element = true;
  while (!description.empty()) {
    const std::size_t end = std::min(description.find(' '), description.size());
    const std::string_view word = description.substr(0, end);
    description.remove_prefix(std::min(end + 1, description.size()));
    if (word.empty()) continue;
    const bool caps = word.find('/') != std::string_view::npos;
    if (at_element && !is_reference(word) && !caps) require_element(std::string(word));
    at_element = word == "!" || (at_element && is_reference(word));
  }
}

Owned<GstElement> make_pipeline(const std::string& description) {
  require_elements(description);
  GError* error = nullptr;
  Owned<GstElement> pipeline(
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error));
  if (error != nullptr) {
    const std::string reason = error->message;
    g_error_free(error);
    throw ProgramError(kExitUnavailable, reason);
  }
  return pipeline;
}

GstElement* part(GstElement* bin, const char* name) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(bin), name);
  g_assert(found != nullptr);
  gst_object_unref(found);  // the bin holds it
  return found;
}

void set_if_known(GstElement* element, const char* property, const std::string& value) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), property) == nullptr) return;
  gst_util_set_object_arg(G_OBJECT(element), property, value.c_str());
}

void finish(int code) {
  std::fflush(nullptr);
  std::_Exit(code);
}

std::string describe(GstMessage* message) {
  GError* error = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, nullptr);
  } else {
    gst_message_parse_warning(message, &error, nullptr);
  }
  std::string line = fmt::format("{}: {}", GST_OBJECT_NAME(GST_MESSAGE_SRC(message)), error->message);
  g_error_free(error);
  return line;
}

}  // namespace wfdcast::media
