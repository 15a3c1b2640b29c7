#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "platform/socket.h"
#include "platform/stream_connection.h"

namespace wfdcast::platform {
namespace {

Result<Fd> start_connecting(const Endpoint& target, const std::string& device) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno);
  if (auto done = bind_to_device(fd.get(), device); !done) return fail(done.error());
  const sockaddr_in address = to_sockaddr(target);
  const int result = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // Interrupted, it goes on in the background as well (POSIX connect).
  if (result != 0 && errno != EINPROGRESS && errno != EINTR) return fail_errno(errno);
  return fd;
}

std::error_code pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return {error, std::system_category()};
}

}  // namespace

Connector::Connector(EventLoop& loop, const Endpoint& target, const std::string& device, Duration timeout,
                     OnDone on_done)
    : on_done_(std::move(on_done)),
      error_(ETIMEDOUT, std::system_category()),
      timer_(loop, [this] { finish(error_); }) {
  auto fd = start_connecting(target, device);
  if (!fd) {
    error_ = fd.error();
    timer_.set(loop.now());  // never from inside the constructor
    return;
  }
  fd_ = std::move(*fd);
  timer_.set(loop.now() + timeout);
  writable_.emplace(loop, fd_.get(), Watch::On::Write, [this] { finish(pending_error(fd_.get())); });
}

Connector::~Connector() = default;

void Connector::finish(std::error_code error) {
  timer_.set(std::nullopt);
  if (writable_) writable_->disable();
  if (error) {
    fd_.reset();
    on_done_(fail(error));
  } else {
    on_done_(std::move(fd_));
  }
}

}  // namespace wfdcast::platform
