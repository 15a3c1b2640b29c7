#pragma once

#include <array>
#include <memory>
#include <string>

#include "media/ts_input.h"
#include "platform/fd.h"

namespace wfdcast::media {

// fifo: opened for reading and writing, so that writers may come and go and
// the end is never reached.
class FifoInput : public TsInput {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TsInput>, std::string> open(platform::EventLoop& loop,
                                                                          const std::string& path,
                                                                          Callbacks callbacks);
  FifoInput(platform::EventLoop& loop, platform::Fd fifo, Callbacks callbacks);

  void start(const EncoderSettings& settings) override;
  void stop() override { watch_.disable(); }
  [[nodiscard]] bool is_live() const override { return true; }

 private:
  static constexpr std::size_t kReadSize = 64 * 1024;
  // What was read; zero when there is nothing.
  [[nodiscard]] std::size_t read();

  platform::Fd fifo_;
  Callbacks callbacks_;
  std::array<std::uint8_t, kReadSize> buffer_{};
  platform::Watch watch_;
};

// Opens `path` and makes sure that it is a FIFO.
[[nodiscard]] Result<platform::Fd, std::string> open_fifo(const std::string& path, int flags);

}  // namespace wfdcast::media
