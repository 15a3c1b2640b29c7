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
  [[nodiscard]] Owned<GstElement> make_bin(const Branch& branch);
  void count_output(GstElement* bin, StreamKind kind);
  [[nodiscard]] bool keeps(GstEvent* event) const;
  // On the main loop.
  void on_message(GstMessage* message);
  void on_input_end();

  const RenderOptions options_;
  RenderReport& report_;
  OnEnd on_end_;
  std::atomic<bool> input_ended_ = false;
  Owned<GstElement> pipeline_;
  GstElement* video_ = nullptr;  // in the pipeline, once there is such a stream
  GstElement* audio_ = nullptr;
  StdinFeed feed_;
};

}  // namespace wfdcast::media
