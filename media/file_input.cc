#include "media/file_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wfdcast::media {
namespace {

Result<platform::Fd> open_file(const std::string& path) {
  platform::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno);
  return file;
}

Result<std::size_t> read_some(int fd, ByteSpan memory) {
  ssize_t size = 0;
  do {
    size = ::read(fd, memory.data(), memory.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0) return fail_errno(errno);
  return static_cast<std::size_t>(size);
}

}  // namespace

Result<std::unique_ptr<TsInput>, std::string> FileInput::open(platform::EventLoop& loop, std::string path,
                                                              Callbacks callbacks) {
  const auto file = open_file(path);
  if (!file) return fail(file.error().message());
  std::string head(kHeadSize, '\0');
  std::size_t size = 0;
  while (size < head.size()) {
    const auto more =
        read_some(file->get(), {reinterpret_cast<std::uint8_t*>(head.data()) + size, head.size() - size});
    if (!more) return fail(more.error().message());
    if (*more == 0) break;
    size += *more;
  }
  if (size == 0) return fail(std::string("is empty"));
  head.resize(size);
  return std::make_unique<FileInput>(loop, std::move(path), std::move(head), std::move(callbacks));
}

FileInput::FileInput(platform::EventLoop& loop, std::string path, std::string head, Callbacks callbacks)
    : loop_(loop),
      path_(std::move(path)),
      head_(std::move(head)),
      callbacks_(std::move(callbacks)),
      retry_(loop, [this] {
        if (state_ == State::Retrying) start_over();
      }) {}

void FileInput::start(const EncoderSettings&) {
  if (state_ != State::Stopped) return;
  passes_ = 0;
  start_over();
}

void FileInput::stop() {
  state_ = State::Stopped;
  file_.reset();
  retry_.set(std::nullopt);
}

void FileInput::start_over() {
  auto file = open_file(path_);
  if (!file) return fail_and_retry(file.error().message());
  file_ = std::move(*file);
  state_ = State::Reading;
  read_something_ = false;
  if (passes_++ > 0 && callbacks_.on_restart) callbacks_.on_restart();
}

void FileInput::read_more() {
  if (state_ != State::Reading) return;
  auto size = read_some(file_.get(), buffer_);
  if (size && *size == 0 && read_something_) {
    start_over();
    if (state_ != State::Reading) return;
    size = read_some(file_.get(), buffer_);
  }
  if (!size) return fail_and_retry(size.error().message());
  if (*size == 0) return fail_and_retry("is empty");
  read_something_ = true;
  complained_ = false;
  callbacks_.on_bytes({buffer_.data(), *size});
}

void FileInput::fail_and_retry(const std::string& reason) {
  state_ = State::Retrying;
  file_.reset();
  retry_.set(loop_.now() + kRetry);
  if (!std::exchange(complained_, true) && callbacks_.on_trouble) {
    callbacks_.on_trouble(fmt::format("file:{}: {}, looking again each second", path_, reason));
  }
}

}  // namespace wfdcast::media
