#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wfdcast::security {

// Replaces a file whole or not at all, whenever the power goes: write (mode 0600), fsync, rename, fsync of
// the directory.
[[nodiscard]] Result<void> write_atomically(const std::string& path, std::string_view text);
// The whole file, at most kMaxStateFile bytes (EFBIG beyond).
[[nodiscard]] Result<std::string> read_state_file(const std::string& path);
inline constexpr std::size_t kMaxStateFile = 1024 * 1024;
// Held while a file is read, changed and written: another instance on this board may do the same. Where it
// cannot be had the holder goes on without.
class StateLock {
 public:
  explicit StateLock(const std::string& directory);
  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  int fd_;
};
// Makes the directory (mode 0700), or takes the rights of others away from one that is ours.
[[nodiscard]] Result<void> make_private_directory(const std::string& path);

}  // namespace wfdcast::security
