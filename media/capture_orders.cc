#include "media/capture_orders.h"

#include <fmt/format.h>
#include <glib-unix.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "media/capture_options.h"

namespace wfdcast::media {
namespace {

bool ends_with_parent(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

}  // namespace

std::optional<Order> parse_order(std::string_view line) {
  line = trim(line);
  if (line == "idr") return MakeIdr{};
  if (line == "pause") return Pause{};
  if (line == "resume") return Resume{};
  constexpr std::string_view kBitrate = "bitrate ";
  if (!line.starts_with(kBitrate)) return std::nullopt;
  const auto bitrate = parse_bitrate(trim(line.substr(kBitrate.size())));
  if (!bitrate) return std::nullopt;
  return SetBitrate{*bitrate};
}

OrderReader::OrderReader(Callbacks callbacks) : callbacks_(std::move(callbacks)) {
  const auto on_readable = [](gint, GIOCondition, gpointer self) -> gboolean {
    return static_cast<OrderReader*>(self)->read() ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
  };
  g_unix_fd_add(STDIN_FILENO, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR), on_readable, this);
}

bool OrderReader::read() {
  std::array<char, 512> bytes{};
  const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (size <= 0) {
    if (ends_with_parent(STDIN_FILENO)) callbacks_.on_parent_gone();
    return false;
  }
  unread_.append(bytes.data(), static_cast<std::size_t>(size));
  take_lines();
  return true;
}

void OrderReader::take_lines() {
  std::size_t end = 0;
  while ((end = unread_.find('\n')) != std::string::npos) {
    const std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    if (const auto order = parse_order(line)) {
      callbacks_.on_order(*order);
    } else {
      fmt::print(stderr, "wfd-capture: unknown order \"{}\", ignoring\n", printable(line));
    }
  }
  if (unread_.size() > kMaxLine) {
    fmt::print(stderr, "wfd-capture: an order longer than {} bytes, ignoring\n", kMaxLine);
    unread_.clear();
  }
}

}  // namespace wfdcast::media
