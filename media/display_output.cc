#include "media/display_output.h"

#include <utility>

namespace wfdcast::media {

DisplayOutput::DisplayOutput(platform::EventLoop& loop, std::string program, OnTrouble on_trouble)
    : ProcessOutput(
          loop,
          {.name = "wfd-render", .command = [this] { return command(); }, .network = platform::Network::None},
          std::move(on_trouble)),
      program_(std::move(program)) {}

std::vector<std::string> DisplayOutput::command() const {
  if (text_.empty()) return {program_, "--input"};
  return {program_, "--input", "--text", text_};
}

void DisplayOutput::start() {
  streaming_ = true;
  child().start();
}

void DisplayOutput::stop() {
  streaming_ = false;
  if (text_.empty()) child().stop();
}

void DisplayOutput::show(const std::string& text) {
  if (text == text_) return;
  text_ = text;
  child().stop();
  if (streaming_ || !text_.empty()) child().start();
}

}  // namespace wfdcast::media
