#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/input.h"
#include "base/result.h"
#include "platform/event_loop.h"

namespace wfdcast::media {

// Where the sink's MPEG-TS goes: display: file:/a.ts fifo:/p udp:ADDR:PORT
// exec:COMMAND null:. A reader that is slow, gone or not there yet never
// blocks the loop: what it cannot take is dropped in whole TS packets and
// counted, and it is looked for again.
class TsOutput {
 public:
  using OnTrouble = std::function<void(std::string)>;  // one line for the log
  virtual ~TsOutput() = default;
  virtual void start() {}  // a stream begins
  virtual void write(ByteView ts) = 0;
  virtual void stop() {}  // it is over
  // Called when a reader begins in the middle of a stream: it sees nothing before an IDR picture.
  void on_reader(std::function<void()> callback) { on_reader_ = std::move(callback); }
  // A line for the person in front of the screen, over the picture or where none is; empty: no more. Only
  // display: can.
  virtual void show(const std::string&) {}
  // What is done with the picture where it is shown; a program tells by lines on its stdout.
  using OnInput = std::function<void(const Input&)>;
  virtual void on_input(OnInput) {}
  [[nodiscard]] virtual std::uint64_t dropped_bytes() const { return 0; }

 protected:
  std::function<void()> on_reader_;
};

[[nodiscard]] Result<std::unique_ptr<TsOutput>, std::string> open_output(platform::EventLoop& loop,
                                                                         std::string_view url,
                                                                         const std::string& helper_directory,
                                                                         TsOutput::OnTrouble on_trouble);
[[nodiscard]] Result<void, std::string> check_output(std::string_view url);

}  // namespace wfdcast::media
