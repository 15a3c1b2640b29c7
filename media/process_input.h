#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/supervised_child.h"
#include "media/ts_input.h"

namespace wfdcast::media {

// exec: and test: a child that writes MPEG-TS to its stdout, and reads orders
// from its stdin if it likes: "idr", "bitrate N", "pause", "resume".
class ProcessInput : public TsInput {
 public:
  using Command = std::function<std::vector<std::string>(const EncoderSettings&)>;
  struct Program {
    std::string name;  // for messages
    Command command;
    platform::Network network = platform::Network::Kept;
  };
  ProcessInput(platform::EventLoop& loop, Program program, Callbacks callbacks);

  void start(const EncoderSettings& settings) override;
  void stop() override;
  void request_idr() override { order("idr"); }
  void set_bitrate(std::uint64_t bitrate) override;
  void pause() override;
  void resume() override;
  [[nodiscard]] bool is_live() const override { return true; }
  [[nodiscard]] bool encodes() const override { return true; }

 private:
  static constexpr std::size_t kReadSize = 64 * 1024;

  void on_started(platform::Child& child);
  void on_gone();
  // False: the pipe is empty, at its end, or broken.
  bool read();
  void order(const std::string& line);

  platform::EventLoop& loop_;
  Command command_;
  Callbacks callbacks_;
  EncoderSettings settings_;
  bool paused_ = false;
  int output_ = -1;  // the child's stdout
  std::array<std::uint8_t, kReadSize> buffer_{};
  SupervisedChild child_;
  std::optional<platform::Watch> watch_;
};

}  // namespace wfdcast::media
