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

// At most `size` bytes; fewer only where the file is shorter.
Result<std::string> read_beginning(const std::string& path, std::size_t size) {
  const auto file = open_file(path);
  if (!file) return fail(file.error());
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto more =
        read_some(file->get(), {reinterpret_cast<std::uint8_t*>(bytes.data()) + done, size - done});
    if (!more) return fail(more.error());
    if (*more == 0) break;
    done += *more;
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

Result<std::unique_ptr<TsInput>, std::string> FileInput::open(platform::EventLoop& loop, std::string path,
                                                              Callbacks callbacks) {
  const auto beginning = read_beginning(path, 1);
  if (!beginning) return fail(beginning.error().message());
  if (beginning->empty()) return fail(std::string("is empty"));
  return std::make_unique<FileInput>(loop, std::move(path), std::move(callbacks));
}

FileInput::FileInput(platform::EventLoop& loop, std::string path, Callbacks callbacks)
    : loop_(loop), path_(std::move(path)), callbacks_(std::move(callbacks)), retry_(loop, [this] {
        if (state_ == State::Retrying) start_over();
      }) {}

// Read anew: a megabyte that is wanted once should not stay in memory.
std::string FileInput::head() const { return read_beginning(path_, kHeadSize).value_or(std::string()); }

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
