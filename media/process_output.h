#pragma once

#include <optional>
#include <string>
#include <vector>

#include "media/pipe_writer.h"
#include "media/supervised_child.h"
#include "media/ts_output.h"

namespace wfdcast::media {

// exec: and display: a child that reads MPEG-TS from its stdin.
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
  [[nodiscard]] std::uint64_t dropped_bytes() const override;

 protected:
  [[nodiscard]] SupervisedChild& child() { return child_; }

 private:
  static constexpr Duration kDrain = 1s;  // to finish what it writes or shows
  void on_broken();

  platform::EventLoop& loop_;
  OnTrouble on_trouble_;
  std::uint64_t dropped_ = 0;  // without what the writer counts
  SupervisedChild child_;
  std::optional<PipeWriter> writer_;
};

}  // namespace wfdcast::media
