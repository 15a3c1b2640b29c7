#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "media/program.h"
#include "media/render_decoder.h"
#include "media/render_input.h"
#include "media/render_options.h"
#include "media/render_report.h"

namespace wfdcast::media {

// stdin, demultiplexer, decoders and sinks. Runs on the default GLib main loop.
class RenderPipeline {
 public:
  using OnEnd = std::function<void(int exit_code)>;
  // Throws ProgramError when it cannot be made.
  RenderPipeline(const RenderOptions& options, RenderReport& report, OnEnd on_end);
  ~RenderPipeline();
  RenderPipeline(const RenderPipeline&) = delete;
  RenderPipeline& operator=(const RenderPipeline&) = delete;

  void start();

 private:
  // On the demultiplexer's thread.
  void on_stream(GstPad* pad);
  [[nodiscard]] GstElement* add_bin(const Branch& branch);
  void remove_card();
  void count_output(GstElement* bin, StreamKind kind);
  [[nodiscard]] bool keeps(GstEvent* event) const;
  // On the main loop.
  void on_message(GstMessage* message);
  void complain(const std::string& line);
  void on_input_end();
  static gboolean drain(gpointer self);

  const RenderOptions options_;
  RenderReport& report_;
  OnEnd on_end_;
  std::atomic<bool> input_ended_ = false;
  std::uint64_t outputs_ = 0;  // at the last look after the input's end
  gint64 last_complaint_ = 0;  // microseconds
  Owned<GstElement> pipeline_;
  std::atomic<GstElement*> video_ = nullptr;  // in the pipeline, once there is such a stream
  std::atomic<GstElement*> audio_ = nullptr;
  std::atomic<GstElement*> card_ = nullptr;  // of --text, until there is a picture
  StdinFeed feed_;
};

}  // namespace wfdcast::media
