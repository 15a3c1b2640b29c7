#include "media/pipe_writer.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wfdcast::media {

PipeWriter::PipeWriter(platform::EventLoop& loop, int fd, OnBroken on_broken)
    : fd_(fd),
      on_broken_(std::move(on_broken)),
      writable_(loop, fd, platform::Watch::On::Write, [this] { flush(); }) {
  writable_.disable();
}

void PipeWriter::write(ByteView ts) {
  ts = ts.first(ts.size() - ts.size() % kTsPacket);
  if (broken_) {
    dropped_ += ts.size();
    return;
  }
  if (waiting() == 0) {
    const std::size_t size = send(ts);
    partial_ = (kTsPacket - size % kTsPacket) % kTsPacket;
    ts = ts.subspan(size);
  }
  if (ts.empty()) return;
  if (broken_) {
    dropped_ += ts.size();
    return;
  }
  if (waiting() + ts.size() > kMaxWaiting) drop_waiting();
  if (sent_ > kMaxWaiting) waiting_.erase(0, std::exchange(sent_, 0));
  waiting_ += as_text(ts);
  writable_.enable();
}

void PipeWriter::flush() {
  const std::size_t size = send(as_bytes(std::string_view(waiting_).substr(sent_)));
  sent_ += size;
  partial_ = waiting() % kTsPacket;
  if (waiting() > 0) return;
  waiting_.clear();
  sent_ = 0;
  writable_.disable();
}

void PipeWriter::drop_waiting() {
  dropped_ += waiting() - partial_;
  waiting_ = waiting_.substr(sent_, partial_);
  sent_ = 0;
}

std::size_t PipeWriter::send(ByteView bytes) {
  const ssize_t size = ::write(fd_, bytes.data(), bytes.size());
  if (size >= 0) return static_cast<std::size_t>(size);
  if (errno == EAGAIN || errno == EINTR) return 0;
  broken_ = true;
  dropped_ += waiting();
  waiting_.clear();
  sent_ = 0;
  writable_.disable();
  on_broken_();
  return 0;
}

}  // namespace wfdcast::media
