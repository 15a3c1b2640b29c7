#include "security/state_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace wfdcast::security {
namespace {

// Closes what it opened; security does not know platform::Fd.
class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> write_atomically(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // of a start that was cut off; its mode may be wrong
  {
    const File file(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!file || !write_all(file.get(), text) || ::fsync(file.get()) != 0) return fail_errno(errno);
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return fail_errno(errno);
  const File directory(path.substr(0, path.rfind('/') + 1), O_RDONLY | O_DIRECTORY);
  if (!directory || ::fsync(directory.get()) != 0) return fail_errno(errno);
  return {};
}

Result<std::string> read_state_file(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file) return fail_errno(errno);
  std::string text;
  char chunk[4096];
  while (true) {
    const ssize_t got = ::read(file.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno);
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > kMaxStateFile) return fail_errno(EFBIG);
  }
}

StateLock::StateLock(const std::string& directory)
    : fd_(::open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

StateLock::~StateLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  struct stat status{};
  if (errno != EEXIST || ::stat(path.c_str(), &status) != 0) return fail_errno(errno);
  if (!S_ISDIR(status.st_mode)) return fail_errno(ENOTDIR);
  const bool open_to_others = (status.st_mode & 077) != 0;
  if (open_to_others && status.st_uid == ::geteuid() && ::chmod(path.c_str(), 0700) != 0)
    return fail_errno(errno);
  return {};
}

}  // namespace wfdcast::security
