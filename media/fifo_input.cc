#include "media/fifo_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace wfdcast::media {

Result<platform::Fd, std::string> open_fifo(const std::string& path, int flags) {
  platform::Fd fifo(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
  if (!fifo) return fail(std::system_category().message(errno));
  struct stat status{};
  if (::fstat(fifo.get(), &status) != 0 || !S_ISFIFO(status.st_mode))
    return fail(std::string("is not a FIFO"));
  return fifo;
}

Result<std::unique_ptr<TsInput>, std::string> FifoInput::open(platform::EventLoop& loop,
                                                              const std::string& path, Callbacks callbacks) {
  auto fifo = open_fifo(path, O_RDWR);
  if (!fifo) return fail(fifo.error());
  return std::make_unique<FifoInput>(loop, std::move(*fifo), std::move(callbacks));
}

FifoInput::FifoInput(platform::EventLoop& loop, platform::Fd fifo, Callbacks callbacks)
    : fifo_(std::move(fifo)),
      callbacks_(std::move(callbacks)),
      watch_(loop, fifo_.get(), platform::Watch::On::Read, [this] {
        const std::size_t size = read();
        if (size > 0) callbacks_.on_bytes({buffer_.data(), size});
      }) {
  watch_.disable();
}

// What waited since the last stream is stale.
void FifoInput::start(const EncoderSettings&) {
  constexpr int kMostReads = 32;  // twice the largest pipe that anybody may set (1 MiB)
  for (int i = 0; i < kMostReads && read() > 0; ++i) {
  }
  watch_.enable();
}

std::size_t FifoInput::read() {
  const ssize_t size = ::read(fifo_.get(), buffer_.data(), buffer_.size());
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace wfdcast::media
