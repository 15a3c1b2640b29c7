#pragma once

#include <functional>
#include <string>

#include "media/program.h"

namespace wfdcast::media {

// Writes what reaches the pipeline's appsink to stdout, one access unit with
// one write(2) where the pipe takes it. Runs on GStreamer's thread: a reader
// that is slow makes the queues before the encoder drop pictures, so that
// latency does not grow.
class StdoutWriter {
 public:
  using OnClosed = std::function<void()>;  // the reader is gone; on the main loop, once
  StdoutWriter(GstElement* appsink, OnClosed on_closed, unsigned audio_pid);
  StdoutWriter(const StdoutWriter&) = delete;
  StdoutWriter& operator=(const StdoutWriter&) = delete;

 private:
  [[nodiscard]] GstFlowReturn take(GstSample* sample);
  void collect(GstBuffer* buffer);
  [[nodiscard]] bool write_collected();

  OnClosed on_closed_;
  unsigned audio_pid_;
  std::string collected_;
};

}  // namespace wfdcast::media
