// wfd-render: MPEG-TS from stdin to screen and loudspeaker. docs/media.md.
#include <fmt/format.h>
#include <glib-unix.h>

#include <csignal>
#include <cstdio>

#include "media/program.h"
#include "media/render_options.h"
#include "media/render_pipeline.h"
#include "media/render_report.h"
#include "media/render_snapshot.h"

namespace wfdcast::media {
namespace {

// The main loop, what it shows to the outside, and how it ends.
class Program {
 public:
  explicit Program(const RenderOptions& options)
      : options_(options), pipeline_(options, report_, [this](int code) { end(code); }) {}

  [[noreturn]] void run() {
    on_signal<&Program::stop>(SIGTERM);
    on_signal<&Program::stop>(SIGINT);
    on_signal<&Program::snapshot>(SIGUSR1);
    g_timeout_add(kPictureCheck, call<&Program::first_snapshot>, this);
    g_timeout_add(kReportPeriod, call<&Program::report>, this);
    pipeline_.start();
    g_main_loop_run(loop_);
    if (!snapshot_written_) snapshot();
    report();
    finish(code_);
  }

 private:
  static constexpr guint kReportPeriod = 1000, kPictureCheck = 50;  // milliseconds

  template <void (Program::*Method)()>
  static gboolean call(gpointer self) {
    (static_cast<Program*>(self)->*Method)();
    return G_SOURCE_CONTINUE;
  }
  template <void (Program::*Method)()>
  void on_signal(int number) {
    g_unix_signal_add(number, call<Method>, this);
  }

  void stop() { end(0); }
  void end(int code) {
    code_ = code;
    g_main_loop_quit(loop_);
  }

  void first_snapshot() {
    if (!snapshot_written_ && report_.pictures() >= options_.snapshot_after) snapshot();
  }
  void snapshot() {
    if (options_.snapshot.empty()) return;
    snapshot_written_ = write_snapshot(options_.snapshot, report_.last_picture().get());
  }

  void report() {
    const std::string json = report_.json() + '\n';
    if (options_.stats) fmt::print(stderr, "{}", json);
    if (!options_.report.empty()) write_file(options_.report, json);
  }

  RenderOptions options_;
  GMainLoop* loop_ = g_main_loop_new(nullptr, FALSE);
  int code_ = 0;
  bool snapshot_written_ = false;
  RenderReport report_;
  RenderPipeline pipeline_;
};

}  // namespace
}  // namespace wfdcast::media

int main(int argc, char** argv) {
  using namespace wfdcast::media;
  try {
    const auto options = parse_render_options(argc, argv);
    if (!options) return 0;
    std::signal(SIGPIPE, SIG_IGN);
    gst_init(nullptr, nullptr);
    Program(*options).run();
  } catch (const ProgramError& error) {
    fmt::print(stderr, "wfd-render: {}\n", error.what());
    finish(error.code());
  }
}
