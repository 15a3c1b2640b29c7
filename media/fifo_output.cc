#include "media/fifo_output.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>

#include "media/fifo_input.h"

namespace wfdcast::media {

Result<std::unique_ptr<TsOutput>, std::string> FifoOutput::open(platform::EventLoop& loop,
                                                                const std::string& path,
                                                                OnTrouble on_trouble) {
  // For reading too: there need not be a reader yet.
  if (const auto fifo = open_fifo(path, O_RDWR); !fifo) return fail(fifo.error());
  return std::make_unique<FifoOutput>(loop, path, std::move(on_trouble));
}

FifoOutput::FifoOutput(platform::EventLoop& loop, std::string path, OnTrouble on_trouble)
    : loop_(loop), path_(std::move(path)), on_trouble_(std::move(on_trouble)) {}

void FifoOutput::write(ByteView ts) {
  if (!writer_ || reader_gone_) look_for_reader();
  if (writer_) {
    writer_->write(ts);
  } else {
    dropped_ += ts.size();
  }
}

void FifoOutput::look_for_reader() {
  if (writer_) {
    dropped_ += writer_->dropped_bytes() + writer_->waiting();
    writer_.reset();
    fifo_.reset();
    reader_gone_ = false;
    if (on_trouble_)
      on_trouble_(fmt::format("fifo:{}: its reader is gone, dropping until there is another", path_));
  }
  const Time now = loop_.now();
  if (now < next_look_) return;
  next_look_ = now + kRetry;
  auto fifo = open_fifo(path_, O_WRONLY);
  if (!fifo) return;  // no reader, or the FIFO itself is gone for now
  fifo_ = std::move(*fifo);
  writer_.emplace(loop_, fifo_.get(), [this] { reader_gone_ = true; });
}

std::uint64_t FifoOutput::dropped_bytes() const {
  return dropped_ + (writer_ ? writer_->dropped_bytes() : 0);
}

}  // namespace wfdcast::media
