#pragma once

#include <memory>
#include <optional>
#include <string>

#include "media/pipe_writer.h"
#include "media/ts_output.h"
#include "platform/fd.h"

namespace wfdcast::media {

// fifo: readers may come and go; without one everything is dropped.
class FifoOutput : public TsOutput {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TsOutput>, std::string> open(platform::EventLoop& loop,
                                                                           const std::string& path,
                                                                           OnTrouble on_trouble);
  FifoOutput(platform::EventLoop& loop, std::string path, OnTrouble on_trouble);

  void write(ByteView ts) override;
  [[nodiscard]] std::uint64_t dropped_bytes() const override;

 private:
  static constexpr Duration kRetry = 200ms;
  void look_for_reader();

  platform::EventLoop& loop_;
  std::string path_;
  OnTrouble on_trouble_;
  bool reader_gone_ = false;
  Time next_look_{};
  std::uint64_t dropped_ = 0;  // without what the writer counts
  platform::Fd fifo_;
  std::optional<PipeWriter> writer_;
};

}  // namespace wfdcast::media
