// wfd-capture: a picture and sound source to MPEG-TS on stdout. docs/media.md.
#include <fmt/format.h>
#include <glib-unix.h>

#include <csignal>
#include <cstdio>

#include "media/capture_options.h"
#include "media/capture_pipeline.h"
#include "media/program.h"

namespace wfdcast::media {
namespace {

[[noreturn]] void run(const CaptureOptions& options) {
  struct End {
    GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
    int code = 0;
    void operator()(int exit_code) {
      code = exit_code;
      g_main_loop_quit(loop);
    }
  } end;
  CapturePipeline pipeline(options, std::ref(end));
  const OrderReader orders({.on_order = [&](const Order& order) { pipeline.carry_out(order); },
                            .on_parent_gone = [&] { end(0); }});
  const auto on_signal = [](gpointer ended) -> gboolean {
    (*static_cast<End*>(ended))(0);
    return G_SOURCE_CONTINUE;
  };
  g_unix_signal_add(SIGTERM, on_signal, &end);
  g_unix_signal_add(SIGINT, on_signal, &end);
  pipeline.start();
  g_main_loop_run(end.loop);
  finish(end.code);
}

}  // namespace
}  // namespace wfdcast::media

int main(int argc, char** argv) {
  using namespace wfdcast::media;
  try {
    const auto options = parse_capture_options(argc, argv);
    if (!options) return 0;
    std::signal(SIGPIPE, SIG_IGN);
    gst_init(nullptr, nullptr);
    run(*options);
  } catch (const ProgramError& error) {
    fmt::print(stderr, "wfd-capture: {}\n", error.what());
    finish(error.code());
  }
}
