#pragma once

#include <functional>

#include "media/program.h"
#include "media/render_report.h"

namespace wfdcast::media {

// Feeds stdin to the pipeline's appsrc from the main loop, as live data: the
// demultiplexer follows the sender's clock by when the bytes arrive.
class StdinFeed {
 public:
  using OnEnd = std::function<void()>;
  StdinFeed(GstElement* appsrc, RenderReport& report, OnEnd on_end);
  StdinFeed(const StdinFeed&) = delete;
  StdinFeed& operator=(const StdinFeed&) = delete;

 private:
  [[nodiscard]] bool read();

  GstElement* appsrc_;
  RenderReport& report_;
  OnEnd on_end_;
};

}  // namespace wfdcast::media
