#include "media/file_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "media/pipe_writer.h"

namespace wfdcast::media {

Result<std::unique_ptr<TsOutput>, std::string> FileOutput::open(const std::string& path,
                                                                OnTrouble on_trouble) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC;
  platform::Fd file(::open(path.c_str(), kFlags, 0644));
  if (!file) return fail(std::system_category().message(errno));
  return std::make_unique<FileOutput>(path, std::move(file), std::move(on_trouble));
}

FileOutput::FileOutput(std::string path, platform::Fd file, OnTrouble on_trouble)
    : path_(std::move(path)), file_(std::move(file)), on_trouble_(std::move(on_trouble)) {}

void FileOutput::write(ByteView ts) {
  ts = ts.first(ts.size() - ts.size() % kTsPacket);
  while (!ts.empty()) {
    const ssize_t size = ::write(file_.get(), ts.data(), ts.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return drop(ts, errno);
    ts = ts.subspan(static_cast<std::size_t>(size));
  }
  complained_ = false;
}

// A disk that fills up takes a part of a packet: that part goes again.
void FileOutput::drop(ByteView rest, int error) {
  const std::size_t begun = (kTsPacket - rest.size() % kTsPacket) % kTsPacket;
  const off_t end = ::lseek(file_.get(), 0, SEEK_END);
  if (begun > 0 && end >= static_cast<off_t>(begun))
    (void)!::ftruncate(file_.get(), end - static_cast<off_t>(begun));
  dropped_ += rest.size() + begun;
  if (!std::exchange(complained_, true) && on_trouble_) {
    on_trouble_(fmt::format("file:{}: {}, dropping", path_, std::system_category().message(error)));
  }
}

}  // namespace wfdcast::media
