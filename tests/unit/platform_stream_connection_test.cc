#include "platform/stream_connection.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

constexpr Ipv4Address kLoopback = Ipv4Address::from_octets(127, 0, 0, 1);

// A connection under test and the peer's end as a plain descriptor.
struct Ends {
  enum class Kind { Tcp, Unix };
  explicit Ends(EventLoop& loop, Kind kind = Kind::Tcp) {
    if (kind == Kind::Tcp) {
      connect_tcp(loop);
    } else {
      std::array<int, 2> ends{};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
      ours = Fd(ends[0]);
      peer = Fd(ends[1]);
    }
  }
  void connect_tcp(EventLoop& loop) {
    auto listener =
        Listener::tcp(loop, 0, "", [&](Listener::Accepted accepted) { ours = std::move(accepted.fd); });
    ASSERT_TRUE(listener);
    Connector connector(loop, {kLoopback, (*listener)->port()}, "", 5s,
                        [&](Result<Fd> fd) { peer = std::move(*fd); });
    ASSERT_TRUE(run_until(loop, [&] { return ours && peer; }));
  }
  Fd ours, peer;
};

struct Subject {
  Subject(EventLoop& event_loop, Ends& ends)
      : connection(event_loop, std::move(ends.ours),
                   {.on_bytes = [this](std::string_view bytes) { input += bytes; },
                    .on_closed =
                        [this](std::string why) {
                          ++closed;
                          reason = std::move(why);
                        },
                    .on_flushed = [this] { ++flushed; }}) {}
  std::string input, reason;
  int closed = 0, flushed = 0;
  StreamConnection connection;
};

std::string read_now(const Fd& fd) {
  std::string text(1 << 16, '\0');
  const ssize_t size = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

bool peer_sees_end(const Fd& fd) {
  char byte = 0;
  return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

class StreamConnectionOf : public testing::TestWithParam<Ends::Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, StreamConnectionOf, testing::Values(Ends::Kind::Tcp, Ends::Kind::Unix),
                         [](const auto& kind) { return kind.param == Ends::Kind::Tcp ? "Tcp" : "Unix"; });

TEST_P(StreamConnectionOf, CarriesBytesBothWaysAndTellsWhenFlushed) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  subject.connection.write("hello");
  EXPECT_EQ(subject.flushed, 0) << "no callback from inside write()";
  ASSERT_EQ(::write(ends.peer.get(), "world", 5), 5);
  ASSERT_TRUE(run_until(loop, [&] { return subject.flushed == 1 && subject.input == "world"; }));
  EXPECT_EQ(read_now(ends.peer), "hello");
  subject.connection.write("");
  run_for(loop, 5ms);
  EXPECT_EQ(subject.flushed, 1);
  EXPECT_EQ(subject.closed, 0);
}

TEST_P(StreamConnectionOf, EndOfInputIsTheEndAfterTheLastBytes) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  ASSERT_EQ(::write(ends.peer.get(), "bye", 3), 3);
  ::shutdown(ends.peer.get(), SHUT_WR);  // half-closed: it still reads
  ASSERT_TRUE(run_until(loop, [&] { return subject.closed == 1; }));
  EXPECT_EQ(subject.input, "bye");
  EXPECT_EQ(subject.reason, "the peer closed the connection");
  EXPECT_TRUE(peer_sees_end(ends.peer));
  run_for(loop, 5ms);
  EXPECT_EQ(subject.closed, 1);
}

TEST_P(StreamConnectionOf, APeerThatNeverReadsIsLostAtTheLimit) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  const std::string chunk(16 * 1024, 'x');
  std::size_t written = 0;
  while (subject.closed == 0 && written < (64U << 20)) {
    subject.connection.write(chunk);
    EXPECT_LE(subject.connection.unsent(), StreamConnection::kMaxUnsent + (16U << 20));
    EXPECT_EQ(subject.reason, "") << "no callback from inside write()";
    written += chunk.size();
    run_for(loop, 0ns);
  }
  EXPECT_EQ(subject.closed, 1);
  EXPECT_EQ(subject.reason, "peer does not read");
  subject.connection.write(chunk);
  EXPECT_LE(subject.connection.unsent(), StreamConnection::kMaxUnsent);
}

TEST_P(StreamConnectionOf, TheLimitIsNotBelowWhatItSays) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  const std::string limit(StreamConnection::kMaxUnsent, 'y');
  subject.connection.write(limit);
  run_for(loop, 2ms);
  EXPECT_EQ(subject.closed, 0);
  std::string got;
  ASSERT_TRUE(run_until(loop, [&] {
    got += read_now(ends.peer);
    return got.size() == limit.size();
  }));
  EXPECT_EQ(got, limit);
  EXPECT_EQ(subject.flushed, 1);
}

TEST_P(StreamConnectionOf, WriteToAClosedPeerIsNoSigpipe) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  std::signal(SIGPIPE, SIG_DFL);
  ends.peer.reset();
  for (int i = 0; i < 10; ++i) subject.connection.write("x");
  EXPECT_EQ(subject.closed, 0);
  ASSERT_TRUE(run_until(loop, [&] { return subject.closed == 1; }));
  for (int i = 0; i < 10; ++i) subject.connection.write("x");
  run_for(loop, 5ms);
  EXPECT_EQ(subject.closed, 1);
}

TEST_P(StreamConnectionOf, FinishSendsAllAndEndsWhenThePeerCloses) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  const std::string answer(200'000, 'a');
  subject.connection.write(answer);
  subject.connection.finish(10s);
  subject.connection.write("too late");
  std::string got;
  ASSERT_TRUE(run_until(loop, [&] {
    got += read_now(ends.peer);
    return got.size() >= answer.size() && peer_sees_end(ends.peer);
  }));
  EXPECT_EQ(got, answer);
  // Input that comes after all is thrown away and does not reset what the peer may not have read.
  ASSERT_EQ(::write(ends.peer.get(), "still here", 10), 10);
  run_for(loop, 5ms);
  EXPECT_EQ(subject.closed, 0);
  ends.peer.reset();
  ASSERT_TRUE(run_until(loop, [&] { return subject.closed == 1; }));
  EXPECT_EQ(subject.input, "");
  EXPECT_EQ(subject.reason, "finished");
}

TEST_P(StreamConnectionOf, FinishGivesUpAfterItsGrace) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  const Time begin = loop.now();
  subject.connection.finish(30ms);
  ASSERT_TRUE(run_until(loop, [&] { return subject.closed == 1; }));
  EXPECT_GE(loop.now() - begin, 30ms);
  EXPECT_TRUE(peer_sees_end(ends.peer));
}

TEST_P(StreamConnectionOf, FinishCutsOffAPeerThatSendsOn) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  subject.connection.finish(1h);
  const std::string flood(64 * 1024, 'x');
  ASSERT_TRUE(run_until(loop, [&] {
    (void)!::send(ends.peer.get(), flood.data(), flood.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return subject.closed == 1;
  }));
  EXPECT_EQ(subject.reason, "finished, the peer sends on");
  EXPECT_EQ(subject.input, "");
}

TEST_P(StreamConnectionOf, FinishFromOnBytesStopsTheInput) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  std::unique_ptr<StreamConnection> connection;
  std::size_t got = 0;
  bool closed = false;
  const std::string much(48 * 1024, 'x');
  ASSERT_EQ(::write(ends.peer.get(), much.data(), much.size()), static_cast<ssize_t>(much.size()));
  connection = std::make_unique<StreamConnection>(
      loop, std::move(ends.ours),
      StreamConnection::Callbacks{.on_bytes =
                                      [&](std::string_view bytes) {
                                        got += bytes.size();
                                        connection->write("enough");
                                        connection->finish(1s);
                                      },
                                  .on_closed = [&](const std::string&) { closed = true; }});
  ASSERT_TRUE(run_until(loop, [&] { return peer_sees_end(ends.peer) || read_now(ends.peer) == "enough"; }));
  EXPECT_LT(got, much.size());
  ends.peer.reset();
  EXPECT_TRUE(run_until(loop, [&] { return closed; }));
}

TEST_P(StreamConnectionOf, ReadsABoundedAmountAWakeUp) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  const int size = 4 << 20;
  ::setsockopt(ends.peer.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  const std::string much(1 << 20, 'x');
  std::size_t largest = 0, sent = 0;
  bool expired = false;
  Timer timer(loop, [&] { expired = true; });
  timer.set(loop.now() + 20ms);
  // A task runs once a turn: it sees how far the input grew in one.
  std::size_t before = 0;
  std::function<void()> look = [&] {
    largest = std::max(largest, subject.input.size() - before);
    before = subject.input.size();
    const ssize_t more = ::send(ends.peer.get(), much.data(), much.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (more > 0) sent += static_cast<std::size_t>(more);
    if (!expired) loop.post(look);
  };
  loop.post(look);
  ASSERT_TRUE(run_until(loop, [&] { return expired && subject.input.size() == sent; }));
  EXPECT_GT(sent, 64U * 1024);
  EXPECT_LE(largest, 64U * 1024 + 16 * 1024);
}

TEST_P(StreamConnectionOf, SignalsDoNotDisturbReadingAndWriting) {
  EventLoop loop;
  Ends ends(loop, GetParam());
  Subject subject(loop, ends);
  struct sigaction action{}, old{};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, &old);
  const itimerval storm{{0, 100}, {0, 100}};
  ::setitimer(ITIMER_REAL, &storm, nullptr);
  std::string got;
  for (int i = 0; i < 200; ++i) {
    subject.connection.write("0123456789");
    ASSERT_EQ(::send(ends.peer.get(), "9876543210", 10, MSG_DONTWAIT), 10);
    ASSERT_TRUE(run_until(loop, [&] {
      got += read_now(ends.peer);
      return got.size() == static_cast<std::size_t>(i + 1) * 10 && subject.input.size() == got.size();
    }));
  }
  const itimerval off{};
  ::setitimer(ITIMER_REAL, &off, nullptr);
  ::sigaction(SIGALRM, &old, nullptr);
  EXPECT_EQ(subject.closed, 0);
}

TEST(StreamConnection, ResetIsTheEndWithItsReason) {
  EventLoop loop;
  Ends ends(loop);
  Subject subject(loop, ends);
  const linger hard{1, 0};
  ::setsockopt(ends.peer.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ends.peer.reset();
  ASSERT_TRUE(run_until(loop, [&] { return subject.closed == 1; }));
  EXPECT_EQ(subject.reason, "Connection reset by peer");
  EXPECT_EQ(subject.connection.peer().address, kLoopback) << "still known for the log";
}

TEST(StreamConnection, UnsentCountsWhatThePeersHostHasNotAcknowledged) {
  EventLoop loop;
  Ends ends(loop);
  Subject subject(loop, ends);
  EXPECT_EQ(subject.connection.unsent(), 0U);
  const std::string much(200'000, 'x');
  subject.connection.write(much);
  EXPECT_GT(subject.connection.unsent(), 50'000U);
  std::size_t got = 0;
  ASSERT_TRUE(run_until(loop, [&] {
    got += read_now(ends.peer).size();
    return got == much.size() && subject.connection.unsent() == 0;
  }));
}

TEST(StreamConnection, HasEndpointsOnlyOnTcp) {
  EventLoop loop;
  Ends tcp(loop), local(loop, Ends::Kind::Unix);
  const Subject over_tcp(loop, tcp), over_unix(loop, local);
  EXPECT_EQ(over_tcp.connection.peer().address, kLoopback);
  EXPECT_NE(over_tcp.connection.peer().port, 0);
  EXPECT_NE(over_tcp.connection.local().port, 0);
  EXPECT_EQ(over_unix.connection.peer(), Endpoint{});
  EXPECT_EQ(over_unix.connection.local(), Endpoint{});
}

TEST(StreamConnection, MayBeDestroyedWithOnClosedDue) {
  EventLoop loop;
  Ends ends(loop);
  auto subject = std::make_unique<Subject>(loop, ends);
  subject->connection.write(std::string(64 << 20, 'x'));
  subject.reset();
  run_for(loop, 5ms);  // the sanitizer sees a callback into the dead
}

TEST(PrepareTcp, NoticesAVanishedHostInTime) {
  EventLoop loop;
  const Ends ends(loop);
  const auto option = [&](int name) {
    int value = 0;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(ends.ours.get(), IPPROTO_TCP, name, &value, &size), 0);
    return value;
  };
  for (const int seconds : {3, 10, 60}) {
    ASSERT_TRUE(prepare_tcp(ends.ours.get(), std::chrono::seconds(seconds)));
    EXPECT_EQ(option(TCP_NODELAY), 1);
    EXPECT_LE(option(TCP_KEEPIDLE) + option(TCP_KEEPINTVL) * option(TCP_KEEPCNT), seconds);
    EXPECT_LE(option(TCP_USER_TIMEOUT) + option(TCP_KEEPINTVL) * 1000, seconds * 1000);
    EXPECT_GE(option(TCP_USER_TIMEOUT), seconds * 600);
  }
  std::array<int, 2> local{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, local.data()), 0);
  const Fd a(local[0]), b(local[1]);
  EXPECT_FALSE(prepare_tcp(a.get(), 10s));
}

}  // namespace
}  // namespace wfdcast::platform
