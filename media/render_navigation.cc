#include "media/render_navigation.h"

#include <fmt/format.h>
#include <gst/video/navigation.h>
#include <gst/video/video.h>
#include <unistd.h>

#include <cmath>
#include <optional>
#include <string>

namespace wfdcast::media {
namespace {

struct Place {
  int x = 0, y = 0;
};

// One write: lines of several threads do not mix.
void tell(const std::string& line) { (void)!write(STDOUT_FILENO, (line + '\n').data(), line.size() + 1); }

std::optional<Place> in_picture(GstPad* pad, double x, double y) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) return std::nullopt;
  GstVideoInfo info;
  const bool known = gst_video_info_from_caps(&info, caps) != FALSE;
  gst_caps_unref(caps);
  if (!known || x < 0 || y < 0 || x >= info.width || y >= info.height) return std::nullopt;
  return Place{static_cast<int>(x), static_cast<int>(y)};
}

void tell_pointer(const char* action, unsigned id, const Place& place) {
  tell(fmt::format("pointer {} {} {} {}", action, id, place.x, place.y));
}

void tell_button(GstPad* pad, GstEvent* event, const char* action) {
  gint button = 0;
  double x = 0, y = 0;
  gst_navigation_event_parse_mouse_button_event(event, &button, &x, &y);
  const auto place = in_picture(pad, x, y);
  const bool up = action[0] == 'u';
  if (!place && !up) return;
  switch (button) {
    case 1:
      return tell_pointer(action, 0, place.value_or(Place{}));
    case 2:
      return tell(fmt::format("button {} middle", action));
    case 3:
      return tell(fmt::format("button {} right", action));
    case 4:  // X's wheel
    case 5:
      if (!up) tell(fmt::format("scroll vertical {}", button == 4 ? 1 : -1));
      return;
    default:
      return;
  }
}

void tell_key(GstEvent* event, const char* action) {
  const char* key = nullptr;
  if (gst_navigation_event_parse_key_event(event, &key) != FALSE && key != nullptr)
    tell(fmt::format("key {} {}", action, key));
}

void tell_move(GstPad* pad, GstEvent* event) {
  double x = 0, y = 0;
  gst_navigation_event_parse_mouse_move_event(event, &x, &y);
  if (const auto place = in_picture(pad, x, y)) tell_pointer("move", 0, *place);
}

void tell_scroll(GstEvent* event) {
  double x = 0, y = 0, dx = 0, dy = 0;
  gst_navigation_event_parse_mouse_scroll_event(event, &x, &y, &dx, &dy);
  if (const auto notches = std::lround(dy)) tell(fmt::format("scroll vertical {}", notches));
  if (const auto notches = std::lround(-dx)) tell(fmt::format("scroll horizontal {}", notches));
}

#if GST_CHECK_VERSION(1, 22, 0)
void tell_touch(GstPad* pad, GstEvent* event, const char* action) {
  guint id = 0;
  double x = 0, y = 0, pressure = 0;
  if (action[0] == 'u') {
    gst_navigation_event_parse_touch_up_event(event, &id, &x, &y);
  } else {
    gst_navigation_event_parse_touch_event(event, &id, &x, &y, &pressure);
  }
  const auto place = in_picture(pad, x, y);
  if (place || action[0] == 'u') tell_pointer(action, id & 0xFFu, place.value_or(Place{}));
}
#endif

void tell_event(GstPad* pad, GstEvent* event) {
  switch (gst_navigation_event_get_type(event)) {
    case GST_NAVIGATION_EVENT_KEY_PRESS:
      return tell_key(event, "down");
    case GST_NAVIGATION_EVENT_KEY_RELEASE:
      return tell_key(event, "up");
    case GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS:
      return tell_button(pad, event, "down");
    case GST_NAVIGATION_EVENT_MOUSE_BUTTON_RELEASE:
      return tell_button(pad, event, "up");
    case GST_NAVIGATION_EVENT_MOUSE_MOVE:
      return tell_move(pad, event);
    case GST_NAVIGATION_EVENT_MOUSE_SCROLL:
      return tell_scroll(event);
#if GST_CHECK_VERSION(1, 22, 0)
    case GST_NAVIGATION_EVENT_TOUCH_DOWN:
      return tell_touch(pad, event, "down");
    case GST_NAVIGATION_EVENT_TOUCH_MOTION:
      return tell_touch(pad, event, "move");
    case GST_NAVIGATION_EVENT_TOUCH_UP:
      return tell_touch(pad, event, "up");
#endif
    default:
      return;
  }
}

}  // namespace

void tell_navigation(GstPad* pad) {
  const auto on_event = [](GstPad* tap, GstPadProbeInfo* info, gpointer) {
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_NAVIGATION) tell_event(tap, event);
    return GST_PAD_PROBE_OK;
  };
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_event, nullptr, nullptr);
}

}  // namespace wfdcast::media
