#include "media/capture_portal.h"

#include <fmt/format.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include <algorithm>
#include <memory>
#include <string>

#include "media/program.h"

namespace wfdcast::media {
namespace {

constexpr const char* kBusName = "org.freedesktop.portal.Desktop";
constexpr const char* kObject = "/org/freedesktop/portal/desktop";
constexpr const char* kInterface = "org.freedesktop.portal.ScreenCast";
constexpr guint kMonitor = 1, kCursorInPicture = 2;  // SourceType, CursorMode
constexpr int kCallMilliseconds = 10'000;

struct UnrefVariant {
  void operator()(GVariant* value) const { g_variant_unref(value); }
};
using Variant = std::unique_ptr<GVariant, UnrefVariant>;

[[noreturn]] void give_up(GError* error) {
  const std::string reason = error == nullptr ? "no answer" : error->message;
  g_clear_error(&error);
  throw ProgramError(kExitUnavailable, fmt::format("--screen: the desktop portal: {}", reason));
}

// One method call whose answer comes later, as a signal of a Request object.
class Request {
 public:
  Request(GDBusConnection* bus, const std::string& token) : bus_(bus) {
    std::string sender = g_dbus_connection_get_unique_name(bus) + 1;  // without the colon
    std::replace(sender.begin(), sender.end(), '.', '_');
    const std::string path = fmt::format("{}/request/{}/{}", kObject, sender, token);
    const auto on_response = [](GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar*,
                                GVariant* parameters, gpointer self) {
      static_cast<Request*>(self)->response_.reset(g_variant_ref(parameters));
    };
    subscription_ = g_dbus_connection_signal_subscribe(bus, kBusName, "org.freedesktop.portal.Request",
                                                       "Response", path.c_str(), nullptr,
                                                       G_DBUS_SIGNAL_FLAGS_NONE, on_response, this, nullptr);
  }
  ~Request() { g_dbus_connection_signal_unsubscribe(bus_, subscription_); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // The results; waits for the person as long as that takes.
  [[nodiscard]] Variant call(const char* method, GVariant* parameters) {
    GError* error = nullptr;
    const Variant handle(g_dbus_connection_call_sync(bus_, kBusName, kObject, kInterface, method, parameters,
                                                     nullptr, G_DBUS_CALL_FLAGS_NONE, kCallMilliseconds,
                                                     nullptr, &error));
    if (!handle) give_up(error);
    while (!response_) g_main_context_iteration(nullptr, TRUE);
    guint code = 0;
    GVariant* results = nullptr;
    g_variant_get(response_.get(), "(u@a{sv})", &code, &results);
    Variant owned(results);
    if (code != 0)
      throw ProgramError(kExitUnavailable, "--screen: the person at the screen, or the desktop, refused");
    return owned;
  }

 private:
  GDBusConnection* bus_;
  guint subscription_ = 0;
  Variant response_;
};

GVariantBuilder options(const char* token) {
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add(&builder, "{sv}", "handle_token", g_variant_new_string(token));
  return builder;
}

std::string create_session(GDBusConnection* bus) {
  Request request(bus, "wfdcast_create");
  GVariantBuilder wanted = options("wfdcast_create");
  g_variant_builder_add(&wanted, "{sv}", "session_handle_token", g_variant_new_string("wfdcast"));
  const Variant results = request.call("CreateSession", g_variant_new("(a{sv})", &wanted));
  const gchar* session = nullptr;
  if (!g_variant_lookup(results.get(), "session_handle", "&s", &session)) give_up(nullptr);
  return session;
}

void select_monitor(GDBusConnection* bus, const std::string& session) {
  Request request(bus, "wfdcast_select");
  GVariantBuilder wanted = options("wfdcast_select");
  g_variant_builder_add(&wanted, "{sv}", "types", g_variant_new_uint32(kMonitor));
  g_variant_builder_add(&wanted, "{sv}", "cursor_mode", g_variant_new_uint32(kCursorInPicture));
  (void)request.call("SelectSources", g_variant_new("(oa{sv})", session.c_str(), &wanted));
}

std::uint32_t start(GDBusConnection* bus, const std::string& session) {
  Request request(bus, "wfdcast_start");
  GVariantBuilder wanted = options("wfdcast_start");
  const Variant results = request.call("Start", g_variant_new("(osa{sv})", session.c_str(), "", &wanted));
  const Variant streams(g_variant_lookup_value(results.get(), "streams", G_VARIANT_TYPE("a(ua{sv})")));
  if (!streams || g_variant_n_children(streams.get()) == 0) give_up(nullptr);
  const Variant stream(g_variant_get_child_value(streams.get(), 0));
  std::uint32_t node = 0;
  g_variant_get_child(stream.get(), 0, "u", &node);
  return node;
}

int open_remote(GDBusConnection* bus, const std::string& session) {
  GError* error = nullptr;
  GUnixFDList* descriptors = nullptr;
  GVariantBuilder none;
  g_variant_builder_init(&none, G_VARIANT_TYPE_VARDICT);
  const Variant answer(g_dbus_connection_call_with_unix_fd_list_sync(
      bus, kBusName, kObject, kInterface, "OpenPipeWireRemote",
      g_variant_new("(oa{sv})", session.c_str(), &none), G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NONE,
      kCallMilliseconds, nullptr, &descriptors, nullptr, &error));
  if (!answer) give_up(error);
  gint32 index = 0;
  g_variant_get(answer.get(), "(h)", &index);
  const int fd = g_unix_fd_list_get(descriptors, index, &error);
  g_object_unref(descriptors);
  if (fd < 0) give_up(error);
  return fd;
}

}  // namespace

PortalScreen open_portal_screen() {
  GError* error = nullptr;
  GDBusConnection* bus =
      g_bus_get_sync(G_BUS_TYPE_SESSION, nullptr, &error);  // kept: the session ends with it
  if (bus == nullptr) give_up(error);
  const std::string session = create_session(bus);
  select_monitor(bus, session);
  const std::uint32_t node = start(bus, session);
  return {open_remote(bus, session), node};
}

}  // namespace wfdcast::media
