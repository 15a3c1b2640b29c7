#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "platform/event_loop.h"

namespace wfdcast::media {

inline constexpr std::size_t kTsPacket = 188;

// Whole TS packets into a non-blocking pipe. What the reader does not take yet
// waits; when the limit is reached all that waits is dropped, since a reader
// that is so far behind wants what is new.
class PipeWriter {
 public:
  static constexpr std::size_t kMaxWaiting = 2 * 1024 * 1024 / kTsPacket * kTsPacket;
  using OnBroken = std::function<void()>;  // once: the reader is gone. From within write() too.
  PipeWriter(platform::EventLoop& loop, int fd, OnBroken on_broken);

  void write(ByteView ts);
  [[nodiscard]] std::uint64_t dropped_bytes() const { return dropped_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size() - sent_; }

 private:
  void flush();
  void drop_waiting();
  // How much the kernel took; 0 as well when it is broken.
  std::size_t send(ByteView bytes);

  int fd_;
  OnBroken on_broken_;
  bool broken_ = false;
  std::string waiting_;
  std::size_t sent_ = 0;     // of waiting_
  std::size_t partial_ = 0;  // bytes of a packet that the reader has the beginning of
  std::uint64_t dropped_ = 0;
  platform::Watch writable_;
};

}  // namespace wfdcast::media
