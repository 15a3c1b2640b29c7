#pragma once

#include <array>
#include <memory>
#include <string>

#include "media/ts_input.h"
#include "platform/fd.h"

namespace wfdcast::media {

// file: read when asked, from the beginning again at its end. The file is
// opened anew for each pass, so that one that was replaced is seen.
class FileInput : public TsInput {
 public:
  // The error is that of open(2) or read(2), or "is empty".
  [[nodiscard]] static Result<std::unique_ptr<TsInput>, std::string> open(platform::EventLoop& loop,
                                                                          std::string path,
                                                                          Callbacks callbacks);
  FileInput(platform::EventLoop& loop, std::string path, Callbacks callbacks);

  void start(const EncoderSettings& settings) override;
  void stop() override;
  void read_more() override;
  [[nodiscard]] bool is_live() const override { return false; }
  [[nodiscard]] std::string head() const override;

 private:
  static constexpr std::size_t kReadSize = 348 * 188;  // whole packets, just under 64 KiB
  static constexpr std::size_t kHeadSize = 16 * kReadSize;
  static constexpr Duration kRetry = 1s;

  enum class State { Stopped, Reading, Retrying };
  void start_over();
  void fail_and_retry(const std::string& reason);

  platform::EventLoop& loop_;
  std::string path_;
  Callbacks callbacks_;
  State state_ = State::Stopped;
  bool complained_ = false;      // about the trouble that lasts
  bool read_something_ = false;  // in this pass
  std::uint64_t passes_ = 0;
  platform::Fd file_;
  std::array<std::uint8_t, kReadSize> buffer_{};
  platform::Timer retry_;
};

}  // namespace wfdcast::media
