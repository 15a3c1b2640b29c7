#pragma once

#include <optional>
#include <string>
#include <vector>

#include "media/input_lines.h"
#include "media/pipe_writer.h"
#include "media/supervised_child.h"
#include "media/ts_output.h"

namespace wfdcast::media {

// exec: and display: a child that reads MPEG-TS from its stdin. What it writes
// to its stdout is input (input_lines.h), or else goes to our stderr.
class ProcessOutput : public TsOutput {
 public:
  struct Program {
    std::string name;                                   // for messages
    std::function<std::vector<std::string>()> command;  // asked before each start
    platform::Network network = platform::Network::Kept;
  };
  ProcessOutput(platform::EventLoop& loop, Program program, OnTrouble on_trouble);

  void start() override { child_.start(); }
  void write(ByteView ts) override;
  void stop() override { child_.stop(); }
  void on_input(OnInput on_input) override { on_input_ = std::move(on_input); }
  [[nodiscard]] std::uint64_t dropped_bytes() const override;

 protected:
  [[nodiscard]] SupervisedChild& child() { return child_; }

 private:
  static constexpr Duration kDrain = 1s;  // to finish what it writes or shows
  void on_broken();
  void read(int fd);
  void take(std::string_view line);

  platform::EventLoop& loop_;
  OnTrouble on_trouble_;
  std::uint64_t dropped_ = 0;  // without what the writer counts
  OnInput on_input_;
  LineCutter lines_;
  SupervisedChild child_;
  std::optional<platform::Watch> output_;
  std::optional<PipeWriter> writer_;
};

}  // namespace wfdcast::media
