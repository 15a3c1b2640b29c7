#pragma once

#include <string>

#include "media/process_output.h"

namespace wfdcast::media {

// display: wfd-render, while a stream or a line of text is to be seen. Another line is another process: the
// picture stands still for about a second then.
class DisplayOutput : public ProcessOutput {
 public:
  DisplayOutput(platform::EventLoop& loop, std::string program, OnTrouble on_trouble);

  void start() override;
  void stop() override;
  void show(const std::string& text) override;

 private:
  [[nodiscard]] std::vector<std::string> command() const;

  std::string program_, text_;
  bool streaming_ = false;
};

}  // namespace wfdcast::media
