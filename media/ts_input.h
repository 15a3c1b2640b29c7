#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "platform/event_loop.h"
#include "wfd/stream_format.h"

namespace wfdcast::media {

// What an encoder is asked for.
struct EncoderSettings {
  StreamFormat format;
  std::uint64_t bitrate = 8'000'000;  // bit/s
};

// Where the source's MPEG-TS comes from: test: file:/a.ts fifo:/p
// udp:ADDR:PORT exec:COMMAND. A live input pushes bytes as they come; a file
// is read when asked, and starts over at its end.
class TsInput {
 public:
  struct Callbacks {
    std::function<void(ByteView)> on_bytes;
    std::function<void()> on_restart = {};             // file: from the beginning again
    std::function<void(std::string)> on_trouble = {};  // one line for the log: child died, restarting in 2 s
  };
  virtual ~TsInput() = default;
  virtual void start(const EncoderSettings& settings) = 0;
  virtual void stop() = 0;
  // File: the next bytes through on_bytes. Live: nothing.
  virtual void read_more() {}
  virtual void request_idr() {}
  virtual void set_bitrate(std::uint64_t) {}
  virtual void pause() {}
  virtual void resume() {}
  // Live inputs come when they like; a file is paced by its PCR.
  [[nodiscard]] virtual bool is_live() const = 0;
  // The first bytes, for probing, of an input whose format is fixed (file); empty else.
  [[nodiscard]] virtual std::string head() const { return {}; }
  // Whether the format is ours to choose (test:, exec:).
  [[nodiscard]] virtual bool encodes() const { return false; }
};

struct InputEnvironment {
  std::string helper_directory;  // where wfd-capture is looked for first
  std::string clip;              // the TS that test: falls back to without wfd-capture
};

// In exec: commands {width} {height} {rate} {bitrate} {profile} {level} {audio} are filled in.
// The error is one line for a person: "source.input: fifo:/p: No such file or directory".
[[nodiscard]] Result<std::unique_ptr<TsInput>, std::string> open_input(platform::EventLoop& loop,
                                                                       std::string_view url,
                                                                       const InputEnvironment& environment,
                                                                       TsInput::Callbacks callbacks);
// Whether `url` is well formed; the reason where not. Touches nothing.
[[nodiscard]] Result<void, std::string> check_input(std::string_view url);

}  // namespace wfdcast::media
