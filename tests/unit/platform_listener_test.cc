#include "platform/listener.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "platform/stream_connection.h"
#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

constexpr Ipv4Address kLoopback = Ipv4Address::from_octets(127, 0, 0, 1);

struct TcpListener {
  explicit TcpListener(EventLoop& loop) {
    auto opened =
        Listener::tcp(loop, 0, "", [this](Listener::Accepted one) { accepted.push_back(std::move(one)); });
    EXPECT_TRUE(opened);
    listener = std::move(*opened);
  }
  std::vector<Listener::Accepted> accepted;
  std::unique_ptr<Listener> listener;
};

// Connects by the kernel's queue alone, before anybody accepts.
Fd connect_now(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

Duration cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(Listener, AcceptsWithThePeersAddress) {
  EventLoop loop;
  TcpListener tcp(loop);
  const Fd client = connect_now(tcp.listener->port());
  ASSERT_TRUE(run_until(loop, [&] { return tcp.accepted.size() == 1; }));
  EXPECT_EQ(tcp.accepted[0].peer.address, kLoopback);
  EXPECT_NE(tcp.accepted[0].peer.port, 0);
  EXPECT_NE(::fcntl(tcp.accepted[0].fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(tcp.accepted[0].fd.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Listener, ConnectionsInheritWhatItWasPreparedWith) {
  EventLoop loop;
  TcpListener tcp(loop);
  ASSERT_TRUE(tcp.listener->prepare(10s));
  const Fd client = connect_now(tcp.listener->port());
  ASSERT_TRUE(run_until(loop, [&] { return tcp.accepted.size() == 1; }));
  ASSERT_TRUE(prepare_tcp(client.get(), 10s));
  const std::vector<std::pair<int, int>> options{
      {IPPROTO_TCP, TCP_NODELAY},   {SOL_SOCKET, SO_KEEPALIVE}, {IPPROTO_TCP, TCP_KEEPIDLE},
      {IPPROTO_TCP, TCP_KEEPINTVL}, {IPPROTO_TCP, TCP_KEEPCNT}, {IPPROTO_TCP, TCP_USER_TIMEOUT}};
  for (const auto& [level, name] : options) {
    int inherited = 0, set = 0;
    socklen_t size = sizeof set;
    ASSERT_EQ(::getsockopt(tcp.accepted[0].fd.get(), level, name, &inherited, &size), 0);
    ASSERT_EQ(::getsockopt(client.get(), level, name, &set, &size), 0);
    EXPECT_EQ(inherited, set) << "option " << name;
    EXPECT_NE(inherited, 0) << "option " << name;
  }
}

TEST(Listener, SurvivesConnectionsAbortedBeforeAccept) {
  EventLoop loop;
  TcpListener tcp(loop);
  for (int i = 0; i < 20; ++i) {
    const Fd aborted = connect_now(tcp.listener->port());
    const linger hard{1, 0};
    ::setsockopt(aborted.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);  // RST
  }
  const Fd alive = connect_now(tcp.listener->port());
  // Linux hands out aborted connections too; reading them tells.
  ASSERT_TRUE(run_until(loop, [&] { return tcp.accepted.size() == 21; }));
  int closed = 0;
  std::vector<std::unique_ptr<StreamConnection>> connections;
  for (auto& one : tcp.accepted) {
    connections.push_back(std::make_unique<StreamConnection>(
        loop, std::move(one.fd),
        StreamConnection::Callbacks{.on_bytes = [](auto) {}, .on_closed = [&](const auto&) { ++closed; }}));
  }
  EXPECT_TRUE(run_until(loop, [&] { return closed == 20; }));
}

TEST(Listener, BacksOffWhenDescriptorsRunOutAndThenGoesOn) {
  in_own_process([] {
    EventLoop loop;
    TcpListener tcp(loop);
    std::vector<Fd> clients, fill;
    for (int i = 0; i < 5; ++i) clients.push_back(connect_now(tcp.listener->port()));
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 256;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (Fd fd(::dup(0)); fd; fd = Fd(::dup(0))) fill.push_back(std::move(fd));
    const Duration before = cpu_time();
    run_for(loop, 350ms);
    EXPECT_LT(cpu_time() - before, 40ms) << "spinning";
    EXPECT_EQ(tcp.accepted.size(), 0U);
    fill.resize(fill.size() - 3);
    ASSERT_TRUE(run_until(loop, [&] { return tcp.accepted.size() == 3; }));
    fill.clear();
    ASSERT_TRUE(run_until(loop, [&] { return tcp.accepted.size() == 5; }));
  });
}

TEST(Listener, TakesItsPortAgainAfterARestart) {
  EventLoop loop;
  auto first = std::make_unique<TcpListener>(loop);
  const std::uint16_t port = first->listener->port();
  const Fd client = connect_now(port);
  ASSERT_TRUE(run_until(loop, [&] { return first->accepted.size() == 1; }));
  first.reset();  // we close first: TIME_WAIT on our side
  EXPECT_TRUE(Listener::tcp(loop, port, "", [](auto) {}));
}

TEST(Listener, PortInUseAndUnknownDeviceAreErrors) {
  EventLoop loop;
  const TcpListener tcp(loop);
  EXPECT_EQ(Listener::tcp(loop, tcp.listener->port(), "", [](auto) {}).error(), std::errc::address_in_use);
  EXPECT_FALSE(Listener::tcp(loop, 0, "nosuchdevice", [](auto) {}));
}

TEST(Listener, OneForEachDeviceOnOnePort) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root: old kernels want CAP_NET_RAW for SO_BINDTODEVICE";
  EventLoop loop;
  int accepted = 0;
  const auto on_lo = Listener::tcp(loop, 0, "lo", [&](auto) { ++accepted; });
  ASSERT_TRUE(on_lo);
  const Fd client = connect_now((*on_lo)->port());
  EXPECT_TRUE(run_until(loop, [&] { return accepted == 1; }));
}

struct Directory {
  Directory() : path("/tmp/wfdcast-test-XXXXXX") { EXPECT_NE(::mkdtemp(path.data()), nullptr); }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

Fd connect_local(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

TEST(LocalListener, AcceptsAndRemovesItsSocket) {
  EventLoop loop;
  const Directory directory;
  const std::string path = directory.path + "/s";
  int accepted = 0;
  {
    const auto listener = Listener::local(loop, path, "", [&](const Listener::Accepted& one) {
      ++accepted;
      EXPECT_EQ(one.peer, Endpoint{});
    });
    ASSERT_TRUE(listener);
    EXPECT_EQ((*listener)->port(), 0);
    const Fd client = connect_local(path);
    EXPECT_TRUE(run_until(loop, [&] { return accepted == 1; }));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(LocalListener, HasMode0660WhateverTheUmask) {
  in_own_process([] {
    EventLoop loop;
    const Directory directory;
    const std::string path = directory.path + "/s";
    for (const mode_t mask : {0U, 0077U}) {
      ::umask(mask);
      const auto listener = Listener::local(loop, path, "no-such-group", [](auto) {});
      ASSERT_TRUE(listener);
      struct stat status{};
      ASSERT_EQ(::stat(path.c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 0777, 0660U);
      EXPECT_EQ(status.st_gid, ::getegid());
    }
  });
}

TEST(LocalListener, BelongsToTheGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root: cannot give a file away";
  EventLoop loop;
  const Directory directory;
  const std::string path = directory.path + "/s";
  const group* const daemon = ::getgrnam("daemon");
  ASSERT_NE(daemon, nullptr);
  const auto listener = Listener::local(loop, path, "daemon", [](auto) {});
  ASSERT_TRUE(listener);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, daemon->gr_gid);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
}

TEST(LocalListener, ReplacesADeadSocketButNotALiveOne) {
  EventLoop loop;
  const Directory directory;
  const std::string path = directory.path + "/s";
  in_own_process([&] {  // dies without cleaning up
    EventLoop other;
    (void)Listener::local(other, path, "", [](auto) {})->release();
  });
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto listener = Listener::local(loop, path, "", [](auto) {});
  ASSERT_TRUE(listener);
  EXPECT_EQ(Listener::local(loop, path, "", [](auto) {}).error(), std::errc::address_in_use);
  EXPECT_TRUE(connect_local(path)) << "the live one is untouched";
}

TEST(LocalListener, DoesNotReplaceOneThatIsBusy) {
  EventLoop loop;
  const Directory directory;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory.path + "/s";
  std::memcpy(address.sun_path, path.data(), path.size());
  const Fd busy(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(busy.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(busy.get(), 0), 0);
  const Fd queued = connect_local(path);  // its queue is full: the next connect gets EAGAIN
  EXPECT_EQ(Listener::local(loop, path, "", [](auto) {}).error(), std::errc::address_in_use);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(LocalListener, LeavesOtherFilesAlone) {
  EventLoop loop;
  const Directory directory;
  const std::string path = directory.path + "/s";
  std::ofstream(path) << "precious";
  EXPECT_EQ(Listener::local(loop, path, "", [](auto) {}).error(), std::errc::address_in_use);
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST(LocalListener, LeavesItsSuccessorsSocketAlone) {
  EventLoop loop;
  const Directory directory;
  const std::string path = directory.path + "/s";
  auto first = Listener::local(loop, path, "", [](auto) {});
  ASSERT_TRUE(first);
  std::filesystem::remove(path);
  const auto second = Listener::local(loop, path, "", [](auto) {});
  ASSERT_TRUE(second);
  first->reset();
  EXPECT_TRUE(connect_local(path));
}

TEST(LocalListener, ImpossiblePathsAreErrors) {
  EventLoop loop;
  EXPECT_FALSE(Listener::local(loop, "", "", [](auto) {}));
  EXPECT_FALSE(Listener::local(loop, "/nonexistent/s", "", [](auto) {}));
  EXPECT_EQ(Listener::local(loop, "/tmp/" + std::string(200, 'x'), "", [](auto) {}).error(),
            std::errc::filename_too_long);
}

TEST(Connector, ConnectsAndGivesTheSocketAway) {
  EventLoop loop;
  TcpListener tcp(loop);
  Fd got;
  int calls = 0;
  Connector connector(loop, {kLoopback, tcp.listener->port()}, "", 5s, [&](Result<Fd> fd) {
    ++calls;
    got = std::move(*fd);
  });
  EXPECT_EQ(calls, 0) << "not from inside the constructor";
  ASSERT_TRUE(run_until(loop, [&] { return calls == 1 && tcp.accepted.size() == 1; }));
  ASSERT_EQ(::write(got.get(), "x", 1), 1);
  run_for(loop, 5ms);
  EXPECT_EQ(calls, 1);
}

std::error_code error_of(EventLoop& loop, const Endpoint& target, const std::string& device,
                         Duration timeout) {
  std::optional<std::error_code> error;
  Connector connector(loop, target, device, timeout, [&](const Result<Fd>& fd) {
    EXPECT_FALSE(fd);
    error = fd.error();
  });
  EXPECT_FALSE(error) << "not from inside the constructor";
  EXPECT_TRUE(run_until(loop, [&] { return error.has_value(); }));
  return error.value_or(std::error_code());
}

TEST(Connector, RefusalAndUnknownDeviceAreErrors) {
  EventLoop loop;
  const std::size_t before = open_descriptors();
  std::uint16_t port = 0;
  {
    const TcpListener gone(loop);
    port = gone.listener->port();
  }
  EXPECT_EQ(error_of(loop, {kLoopback, port}, "", 5s), std::errc::connection_refused);
  EXPECT_EQ(error_of(loop, {kLoopback, port}, "nosuchdevice", 5s), std::errc::no_such_device);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Connector, TimesOut) {
  EventLoop loop;
  // A listener with a full queue drops the SYN, as a host that does not answer does.
  Fd full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(full.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(full.get(), 0), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(full.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Fd first = connect_now(ntohs(address.sin_port));
  const Time begin = loop.now();
  EXPECT_EQ(error_of(loop, {kLoopback, ntohs(address.sin_port)}, "", 50ms), std::errc::timed_out);
  EXPECT_GE(loop.now() - begin, 50ms);
}

TEST(Connector, DestroyedItNeverCalls) {
  EventLoop loop;
  TcpListener tcp(loop);
  bool called = false;
  {
    const Connector one(loop, {kLoopback, tcp.listener->port()}, "", 5s, [&](const auto&) { called = true; });
    const Connector other(loop, {kLoopback, 1}, "nosuchdevice", 5s, [&](const auto&) { called = true; });
  }
  run_for(loop, 5ms);
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace wfdcast::platform
