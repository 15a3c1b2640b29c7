#pragma once

#include <functional>
#include <memory>
#include <string>

#include "media/capture_encoder.h"
#include "media/capture_file.h"
#include "media/capture_options.h"
#include "media/capture_orders.h"
#include "media/capture_output.h"
#include "media/program.h"

namespace wfdcast::media {

// Source, encoders, multiplexer and stdout. Runs on the default GLib main loop.
class CapturePipeline {
 public:
  using OnEnd = std::function<void(int exit_code)>;
  // Throws ProgramError when it cannot be made.
  CapturePipeline(const CaptureOptions& options, OnEnd on_end);
  ~CapturePipeline();
  CapturePipeline(const CapturePipeline&) = delete;
  CapturePipeline& operator=(const CapturePipeline&) = delete;

  void start();
  void carry_out(const Order& order);

 private:
  void drop_input(bool drop);
  void on_message(GstMessage* message);

  OnEnd on_end_;
  VideoEncoder encoder_;
  Owned<GstElement> pipeline_;
  StdoutWriter writer_;
  std::unique_ptr<FileFeed> feed_;  // --file only
};

}  // namespace wfdcast::media
