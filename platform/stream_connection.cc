#include "platform/stream_connection.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

constexpr std::size_t kReadChunk = 16 * 1024;
constexpr std::size_t kMaxReadAWake = 64 * 1024;
// What a peer may still send after finish(); one that sends on is cut off.
constexpr std::size_t kMaxDrained = 256 * 1024;

std::string error_text(int error) { return std::system_category().message(error); }

}  // namespace

Result<void> prepare_tcp(int fd, Duration dead_after) {
  // Idle: the first probe after half the time, then one each tenth. Unlike the
  // count of probes, TCP_USER_TIMEOUT also covers data that nobody acknowledges;
  // one interval less, because the kernel looks only when a probe is due.
  const auto seconds =
      std::max<std::chrono::seconds>(std::chrono::floor<std::chrono::seconds>(dead_after), 3s);
  const int interval = std::max(1, static_cast<int>(seconds.count() / 10));
  const int idle = std::max(1, static_cast<int>(seconds.count() / 2));
  const int probes = std::max(1, (static_cast<int>(seconds.count()) - idle) / interval);
  const auto user_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(seconds).count() - interval * 1000;
  const struct {
    int level, name, value;
  } options[] = {
      {IPPROTO_TCP, TCP_NODELAY, 1},      {SOL_SOCKET, SO_KEEPALIVE, 1},
      {IPPROTO_TCP, TCP_KEEPIDLE, idle},  {IPPROTO_TCP, TCP_KEEPINTVL, interval},
      {IPPROTO_TCP, TCP_KEEPCNT, probes}, {IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout)},
  };
  for (const auto& option : options) {
    if (auto done = set_option(fd, option.level, option.name, option.value); !done) return done;
  }
  return {};
}

StreamConnection::StreamConnection(EventLoop& loop, Fd fd, Callbacks callbacks)
    : loop_(loop),
      fd_(std::move(fd)),
      callbacks_(std::move(callbacks)),
      peer_(peer_endpoint(fd_.get())),
      readable_(loop, fd_.get(), Watch::On::Read, [this] { on_readable(); }) {}

StreamConnection::~StreamConnection() = default;

Endpoint StreamConnection::local() const { return local_endpoint(fd_.get()); }

void StreamConnection::write(std::string_view bytes) {
  if (state_ != State::Open || bytes.empty()) return;
  if (pending_.empty()) bytes.remove_prefix(send_some(bytes));
  if (state_ != State::Open) return;
  if (pending_.size() + bytes.size() > kMaxUnsent) return end("peer does not read");
  pending_.append(bytes);
  if (!pending_.empty() || callbacks_.on_flushed) watch_writable();
}

void StreamConnection::finish(Duration grace) {
  if (state_ != State::Open) return;
  state_ = State::Flushing;
  readable_.disable();
  expire_at(loop_.now() + grace);
  if (pending_.empty()) drain();
}

std::size_t StreamConnection::unsent() const {
  int in_kernel = 0;
  const bool tcp = fd_ && peer_ != Endpoint{};
  if (tcp && ::ioctl(fd_.get(), SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
  return pending_.size() + static_cast<std::size_t>(in_kernel);
}

void StreamConnection::on_readable() {
  std::array<char, kReadChunk> chunk;
  std::size_t done = 0;
  while (done < kMaxReadAWake && (state_ == State::Open || state_ == State::Draining)) {
    const ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return end(error_text(errno));
    if (got == 0) return end(state_ == State::Open ? "the peer closed the connection" : "finished");
    done += static_cast<std::size_t>(got);
    take({chunk.data(), static_cast<std::size_t>(got)});
    if (static_cast<std::size_t>(got) < chunk.size()) return;  // that was all; else epoll says so
  }
}

void StreamConnection::take(std::string_view bytes) {
  if (state_ == State::Open) return callbacks_.on_bytes(bytes);
  drained_ += bytes.size();
  if (drained_ > kMaxDrained) end("finished, the peer sends on");
}

void StreamConnection::on_writable() {
  pending_.erase(0, send_some(pending_));
  if (!pending_.empty() || (state_ != State::Open && state_ != State::Flushing)) return;
  pending_ = std::string();  // 10,000 idle sessions must not keep their largest answer
  writable_->disable();
  if (state_ == State::Flushing) return drain();
  if (callbacks_.on_flushed) callbacks_.on_flushed();
}

std::size_t StreamConnection::send_some(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t sent =
        ::send(fd_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      if (errno != EAGAIN) end(error_text(errno));
      break;
    }
  }
  return done;
}

void StreamConnection::watch_writable() {
  if (writable_) return writable_->enable();
  writable_.emplace(loop_, fd_.get(), Watch::On::Write, [this] { on_writable(); });
}

void StreamConnection::drain() {
  state_ = State::Draining;
  ::shutdown(fd_.get(), SHUT_WR);
  readable_.enable();
}

// on_closed comes by the timer: never from inside write().
void StreamConnection::end(std::string reason) {
  state_ = State::Over;
  reason_ = std::move(reason);
  readable_.disable();
  if (writable_) writable_->disable();
  fd_.reset();
  expire_at(loop_.now());
}

void StreamConnection::expire_at(Time time) {
  if (!timer_) timer_.emplace(loop_, [this] { on_expiry(); });
  timer_->set(time);
}

void StreamConnection::on_expiry() {
  if (state_ == State::Flushing) end("finished, the peer did not read the rest");
  if (state_ == State::Draining) end("finished");
  timer_->set(std::nullopt);
  state_ = State::Told;
  callbacks_.on_closed(std::move(reason_));
}

}  // namespace wfdcast::platform
