#include "daemon/device_id.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "platform/fd.h"
#include "platform/system.h"

namespace wfdcast::daemon {
namespace {

bool sync_path(const std::string& path) {
  const platform::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

// Whole or not at all, whenever the power goes: write, sync, rename, sync the directory.
bool write_atomically(const std::string& directory, const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const platform::Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return false;
  const auto written = ::write(fd.get(), text.data(), text.size());
  return written == static_cast<ssize_t>(text.size()) && ::fsync(fd.get()) == 0 &&
         std::rename(fresh.c_str(), path.c_str()) == 0 && sync_path(directory);
}

}  // namespace

OwnId load_device_id(const std::string& directory) {
  const std::string path = directory + "/device-id";
  std::ifstream file(path);
  std::string line;
  if (std::getline(file, line)) {
    if (const auto id = parse_device_id(line)) return {*id, ""};
  }
  OwnId own;
  platform::fill_random(own.id.bytes);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    own.warning = fmt::format("{}: {}; the device id is temporary", directory, std::strerror(errno));
  } else if (!write_atomically(directory, path, to_string(own.id) + "\n")) {
    own.warning = fmt::format("{}: {}; the device id is temporary", path, std::strerror(errno));
  }
  return own;
}

}  // namespace wfdcast::daemon
