#include "platform/listener.h"

#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "platform/socket.h"
#include "platform/stream_connection.h"

namespace wfdcast::platform {
namespace {

constexpr int kAcceptsAWake = 64;
constexpr Duration kBackOff = 100ms;

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return fail_errno(EINVAL);
  if (path.size() >= sizeof address.sun_path) return fail_errno(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

// A socket file whose process is gone refuses connections; so does any other
// file, which must stay.
bool is_dead_socket(const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return probe && ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

int bind_unix(int fd, const sockaddr_un& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// The group of a service stands in /etc/group (sysusers). getgrnam() would load
// every name service of the host, for good: a third of a megabyte.
std::optional<gid_t> find_group(const std::string& name) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/etc/group", "re"), &std::fclose);
  while (file) {
    const group* const entry = ::fgetgrent(file.get());
    if (entry == nullptr) break;
    if (name == entry->gr_name) return entry->gr_gid;
  }
  return std::nullopt;
}

Result<void> give_to_group(const std::string& path, const std::string& name) {
  const auto found = name.empty() ? std::nullopt : find_group(name);
  if (!found) return {};
  // A developer's own instance may not be a member: the socket is his alone then.
  if (::chown(path.c_str(), static_cast<uid_t>(-1), *found) != 0 && errno != EPERM) return fail_errno(errno);
  return {};
}

enum class AcceptError { None, TryNext, Exhausted };

AcceptError classify(int error) {
  switch (error) {
    case EAGAIN:
      return AcceptError::None;
    // The connection died in the queue, or the firewall forbids it; accept(2)
    // passes on network errors that are pending on the new socket.
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return AcceptError::TryNext;
    // EMFILE, ENFILE, ENOBUFS, ENOMEM, and whatever else would repeat at once.
    default:
      return AcceptError::Exhausted;
  }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::tcp(EventLoop& loop, std::uint16_t port,
                                                const std::string& device, OnAccept on_accept) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno);
  if (auto done = set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1); !done) return fail(done.error());
  if (auto done = bind_to_device(fd.get(), device); !done) return fail(done.error());
  if (auto done = bind_to(fd.get(), {{}, port}); !done) return fail(done.error());
  if (::listen(fd.get(), SOMAXCONN) != 0) return fail_errno(errno);
  return std::unique_ptr<Listener>(new Listener(loop, std::move(fd), std::move(on_accept)));
}

Result<std::unique_ptr<Listener>> Listener::local(EventLoop& loop, const std::string& path,
                                                  const std::string& group, OnAccept on_accept) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno);
  auto file = bind_file(fd.get(), path, group);
  if (!file) return fail(file.error());
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(fd), std::move(on_accept)));
  listener->file_ = std::move(*file);
  if (::listen(listener->fd_.get(), SOMAXCONN) != 0) return fail_errno(errno);
  return listener;
}

std::unique_ptr<Listener> Listener::adopt(EventLoop& loop, Fd fd, OnAccept on_accept) {
  return std::unique_ptr<Listener>(new Listener(loop, std::move(fd), std::move(on_accept)));
}

Result<Listener::SocketFile> Listener::bind_file(int fd, const std::string& path, const std::string& group) {
  const auto address = unix_address(path);
  if (!address) return fail(address.error());
  ::fchmod(fd, 0600);  // until the group is right, only the owner gets in
  if (bind_unix(fd, *address) != 0) {
    if (errno != EADDRINUSE) return fail_errno(errno);
    if (!is_dead_socket(*address)) return fail_errno(EADDRINUSE);
    ::unlink(path.c_str());
    if (bind_unix(fd, *address) != 0) return fail_errno(errno);
  }
  auto done = give_to_group(path, group);
  struct stat status{};
  if (done && (::chmod(path.c_str(), 0660) != 0 || ::lstat(path.c_str(), &status) != 0))
    done = fail_errno(errno);
  if (!done) {
    ::unlink(path.c_str());
    return fail(done.error());
  }
  return SocketFile{path, status.st_dev, status.st_ino};
}

Listener::Listener(EventLoop& loop, Fd fd, OnAccept on_accept)
    : loop_(loop),
      fd_(std::move(fd)),
      on_accept_(std::move(on_accept)),
      port_(local_endpoint(fd_.get()).port),
      readable_(loop, fd_.get(), Watch::On::Read, [this] { accept_some(); }),
      resume_(loop, [this] { readable_.enable(); }) {}

// The descriptor is still open here, so nobody else can have our inode number.
Listener::~Listener() {
  struct stat status{};
  if (file_.path.empty() || ::lstat(file_.path.c_str(), &status) != 0) return;
  if (status.st_dev == file_.device && status.st_ino == file_.inode) ::unlink(file_.path.c_str());
}

Result<void> Listener::prepare(Duration dead_after) { return prepare_tcp(fd_.get(), dead_after); }

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsAWake; ++i) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      on_accept_({std::move(fd), peer.sin_family == AF_INET ? to_endpoint(peer) : Endpoint{}});
      continue;
    }
    switch (classify(errno)) {
      case AcceptError::None:
        return;
      case AcceptError::TryNext:
        continue;
      case AcceptError::Exhausted:
        return back_off();
    }
  }
}

// The listener stays readable: with the watch on, the loop would spin until a
// descriptor is free again.
void Listener::back_off() {
  readable_.disable();
  resume_.set(loop_.now() + kBackOff);
}

}  // namespace wfdcast::platform
