#include "platform/udp_socket.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "platform/fd.h"
#include "platform/socket.h"
#include "tests/unit/platform_loop.h"
#include "tests/unit/platform_seccomp.h"

namespace wfdcast::platform {
namespace {

constexpr Ipv4Address kLoopback = Ipv4Address::from_octets(127, 0, 0, 1);
constexpr Ipv4Address kGroup = Ipv4Address::from_octets(239, 0, 0, 11);
constexpr Ipv4Address kOtherGroup = Ipv4Address::from_octets(239, 0, 0, 12);

// A socket that keeps what it receives.
struct Receiver {
  explicit Receiver(EventLoop& loop, UdpSocket::Options options = {.bind = {kLoopback, 0}}) {
    auto opened = UdpSocket::open(loop, options, [this](std::span<const UdpSocket::Datagram> datagrams) {
      ++calls;
      for (const auto& datagram : datagrams) {
        texts.emplace_back(as_text(datagram.bytes));
        last = datagram;
      }
    });
    EXPECT_TRUE(opened) << opened.error().message();
    if (opened) socket = std::move(*opened);
  }
  [[nodiscard]] Endpoint endpoint() const { return {kLoopback, socket->port()}; }

  int calls = 0;
  std::vector<std::string> texts;
  UdpSocket::Datagram last;  // its bytes are over
  std::unique_ptr<UdpSocket> socket;
};

std::unique_ptr<UdpSocket> open_sender(EventLoop& loop, const UdpSocket::Options& options = {}) {
  auto opened = UdpSocket::open(loop, options, nullptr);
  EXPECT_TRUE(opened) << opened.error().message();
  return std::move(*opened);
}

std::size_t send_text(UdpSocket& socket, std::string_view text, const Endpoint& target) {
  const ByteView packet = as_bytes(text);
  return socket.send({&packet, 1}, {&target, 1});
}

int loopback_index() { return static_cast<int>(::if_nametoindex("lo")); }

TEST(UdpSocket, DatagramHasSenderDestinationInterfaceAndTtl) {
  EventLoop loop;
  Receiver receiver(loop, {});
  const auto sender = open_sender(loop, {.bind = {kLoopback, 0}, .ttl = 33});
  EXPECT_EQ(send_text(*sender, "hello", receiver.endpoint()), 1U);
  ASSERT_TRUE(run_until(loop, [&] { return !receiver.texts.empty(); }));
  EXPECT_EQ(receiver.texts, std::vector<std::string>{"hello"});
  EXPECT_EQ(receiver.last.sender, (Endpoint{kLoopback, sender->port()}));
  EXPECT_EQ(receiver.last.destination, kLoopback);
  EXPECT_EQ(receiver.last.interface_index, loopback_index());
  EXPECT_EQ(receiver.last.ttl, 33);
  EXPECT_FALSE(receiver.last.truncated);
}

TEST(UdpSocket, SendsEveryPacketToEveryTargetInOrder) {
  EventLoop loop;
  std::vector<std::unique_ptr<Receiver>> receivers;
  std::vector<Endpoint> targets;
  for (int i = 0; i < 7; ++i) {
    receivers.push_back(std::make_unique<Receiver>(loop));
    targets.push_back(receivers.back()->endpoint());
  }
  std::vector<std::string> texts;
  std::vector<ByteView> packets;
  for (int i = 0; i < 50; ++i) texts.push_back("packet " + std::to_string(i));
  for (const auto& text : texts) packets.push_back(as_bytes(text));
  const auto sender = open_sender(loop);
  EXPECT_EQ(sender->send(packets, targets), 350U);  // several system calls of 64
  for (const auto& receiver : receivers) {
    ASSERT_TRUE(run_until(loop, [&] { return receiver->texts.size() == 50; }));
    EXPECT_EQ(receiver->texts, texts);
    EXPECT_LE(receiver->calls, 2);
  }
  EXPECT_EQ(sender->send_errors(), 0U);
  EXPECT_EQ(sender->send({}, targets), 0U);
  EXPECT_EQ(sender->send(packets, {}), 0U);
}

std::vector<std::string> texts_of_sizes(std::initializer_list<std::size_t> sizes) {
  std::vector<std::string> texts;
  for (const std::size_t size : sizes)
    texts.emplace_back(size, static_cast<char>('a' + static_cast<char>(texts.size() % 26)));
  return texts;
}

std::vector<ByteView> views_of(const std::vector<std::string>& texts) {
  std::vector<ByteView> packets;
  for (const auto& text : texts) packets.push_back(as_bytes(text));
  return packets;
}

// What the kernel cuts (UDP_SEGMENT) arrives as what was sent, whatever the mixture of sizes.
TEST(UdpSocket, PacketsOfOneSizeArriveAsTheyWere) {
  EventLoop loop;
  const auto sender = open_sender(loop);
  const std::initializer_list<std::size_t> mixtures[] = {
      {1328, 1328, 1328},           // one message
      {1328, 1328, 200, 1328},      // a shorter one ends it
      {200, 1328, 1328, 0, 0, 10},  // a longer one, or an empty one, begins the next
      {0},
      {30000, 30000, 30000},  // more than one IP packet; each is fragmented
  };
  for (const auto& sizes : mixtures) {
    Receiver first(loop, {.bind = {kLoopback, 0}, .max_datagram = 40000});
    Receiver second(loop, {.bind = {kLoopback, 0}, .max_datagram = 40000});
    const std::vector<std::string> texts = texts_of_sizes(sizes);
    const std::vector<Endpoint> targets = {first.endpoint(), second.endpoint()};
    EXPECT_EQ(sender->send(views_of(texts), targets), 2 * texts.size());
    for (Receiver* receiver : {&first, &second}) {
      ASSERT_TRUE(run_until(loop, [&] { return receiver->texts.size() == texts.size(); }));
      EXPECT_EQ(receiver->texts, texts);
    }
  }
  EXPECT_EQ(sender->send_errors(), 0U);
}

// A socket that takes runs whole (UDP_GRO) shows that they were handed over whole.
TEST(UdpSocket, PacketsOfOneSizeAreHandedOverTogether) {
  const Fd receiver(::socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_TRUE(bind_to(receiver.get(), {kLoopback, 0}));
  if (!set_option(receiver.get(), IPPROTO_UDP, UDP_GRO, 1)) GTEST_SKIP() << "no UDP_GRO in this kernel";
  EventLoop loop;
  const auto sender = open_sender(loop);
  const std::vector<std::string> texts(49, std::string(1328, 'x'));
  const Endpoint target = local_endpoint(receiver.get());
  EXPECT_EQ(sender->send(views_of(texts), {&target, 1}), 49U);
  std::vector<char> run(1 << 16);
  EXPECT_EQ(::recv(receiver.get(), run.data(), run.size(), 0), 49 * 1328);
}

// A kernel without UDP_SEGMENT sends one by one.
TEST(UdpSocket, WithoutUdpSegmentEachPacketIsAMessage) {
  in_own_process([] {
    EventLoop loop;
    Receiver receiver(loop);
    take_away(SYS_getsockopt, ENOPROTOOPT);
    const auto sender = open_sender(loop);
    const std::vector<std::string> texts(20, std::string(500, 'x'));
    const Endpoint target = receiver.endpoint();
    EXPECT_EQ(sender->send(views_of(texts), {&target, 1}), 20U);
    ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 20; }));
    EXPECT_EQ(receiver.texts, texts);
  });
}

// A device without checksum offload, or with a small MTU, refuses to cut.
TEST(UdpSocket, WhatCannotBeCutIsSentOneByOne) {
  for (const unsigned error : {EIO, EINVAL, EMSGSIZE}) {
    in_own_process([error] {
      EventLoop loop;
      Receiver first(loop), second(loop);
      const auto sender = open_sender(loop);
      take_away(SYS_sendmmsg, error);
      const std::vector<std::string> texts(20, std::string(500, 'x'));
      const std::vector<Endpoint> targets = {first.endpoint(), second.endpoint()};
      EXPECT_EQ(sender->send(views_of(texts), targets), 40U);
      ASSERT_TRUE(run_until(loop, [&] { return first.texts.size() == 20 && second.texts.size() == 20; }));
      EXPECT_EQ(first.texts, texts);
    });
  }
}

// Loopback has no queueing discipline that would wait for these times.
TEST(UdpSocket, PacketsWithTransmitTimesArriveAsTheyWere) {
  EventLoop loop;
  Receiver receiver(loop);
  const auto sender = open_sender(loop);
  if (!sender->set_transmit_times()) GTEST_SKIP() << "no SO_TXTIME in this kernel";
  const std::vector<std::string> texts(70, std::string(500, 'x'));  // more than one system call takes
  const std::vector<Time> times(texts.size(), loop.now());
  const Endpoint target = receiver.endpoint();
  EXPECT_EQ(sender->send(views_of(texts), {&target, 1}, times), 70U);
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 70; }));
  EXPECT_EQ(sender->send(views_of(texts), {&target, 1}), 70U) << "and others without";
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 140; }));
  EXPECT_EQ(sender->send_errors(), 0U);
}

TEST(UdpSocket, AKernelWithoutTransmitTimesIsKnown) {
  in_own_process([] {
    EventLoop loop;
    const auto sender = open_sender(loop);
    take_away(SYS_setsockopt, ENOPROTOOPT);
    EXPECT_FALSE(sender->set_transmit_times());
  });
}

TEST(UdpSocket, ATargetThatTheKernelRefusesDoesNotHoldUpTheOthers) {
  EventLoop loop;
  Receiver receiver(loop);
  const auto sender = open_sender(loop);
  const Endpoint broadcast{kLimitedBroadcast, 9};  // EACCES without SO_BROADCAST
  const std::vector<Endpoint> targets = {broadcast, receiver.endpoint(), broadcast, broadcast,
                                         receiver.endpoint()};
  const ByteView packet = as_bytes("x");
  EXPECT_EQ(sender->send({&packet, 1}, targets), 2U);
  EXPECT_EQ(sender->send_errors(), 3U);
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 2; }));
}

// Loopback never fills a queue, so the kernel's refusals come from a filter.
TEST(UdpSocket, FullQueuesAreCountedAndNeverBlock) {
  for (const unsigned error : {unsigned{EAGAIN}, unsigned{ENOBUFS}}) {
    in_own_process([error] {
      EventLoop loop;
      const auto sender = open_sender(loop);
      take_away(SYS_sendmmsg, error);
      const std::vector<ByteView> packets(100, as_bytes("x"));
      const std::vector<Endpoint> targets(3, {kLoopback, 9});
      EXPECT_EQ(sender->send(packets, targets), 0U);
      EXPECT_EQ(sender->send_errors(), 300U);
    });
  }
}

TEST(UdpSocket, LongDatagramIsCutAndMarked) {
  EventLoop loop;
  Receiver receiver(loop, {.bind = {kLoopback, 0}, .max_datagram = 8});
  const auto sender = open_sender(loop);
  send_text(*sender, "12345678", receiver.endpoint());
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 1; }));
  EXPECT_FALSE(receiver.last.truncated);
  send_text(*sender, "123456789", receiver.endpoint());
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 2; }));
  EXPECT_TRUE(receiver.last.truncated);
  EXPECT_EQ(receiver.texts.back(), "12345678");
}

TEST(UdpSocket, EmptyDatagramIsADatagram) {
  EventLoop loop;
  Receiver receiver(loop);
  const auto sender = open_sender(loop);
  EXPECT_EQ(send_text(*sender, "", receiver.endpoint()), 1U);
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 1; }));
}

TEST(UdpSocket, AFloodDoesNotStarveTheLoop) {
  EventLoop loop;
  const auto sender = open_sender(loop);
  std::uint64_t received = 0;
  Endpoint target;
  const std::vector<ByteView> packets(300, as_bytes("flood"));
  // Each batch that is read makes more than it was: reading until EAGAIN would never end.
  const auto receiver = UdpSocket::open(loop, {.bind = {kLoopback, 0}}, [&](auto datagrams) {
    received += datagrams.size();
    (void)sender->send(packets, {&target, 1});
  });
  target = {kLoopback, (*receiver)->port()};
  (void)sender->send(packets, {&target, 1});
  bool expired = false;
  Timer timer(loop, [&] { expired = true; });
  timer.set(loop.now() + 10ms);
  EXPECT_TRUE(run_until(loop, [&] { return expired; }));
  EXPECT_GT(received, 300U);
}

TEST(UdpSocket, CountsWhatTheKernelDropped) {
  EventLoop loop;
  Receiver receiver(loop, {.bind = {kLoopback, 0}, .receive_buffer = 4096});
  const auto sender = open_sender(loop);
  const std::vector<ByteView> packets(500, as_bytes("drop"));
  const Endpoint target = receiver.endpoint();
  EXPECT_EQ(sender->send(packets, {&target, 1}), 500U);
  ASSERT_TRUE(run_until(loop, [&] { return !receiver.texts.empty(); }));
  const std::size_t first = receiver.texts.size();
  EXPECT_LT(first, 500U);
  send_text(*sender, "after", target);  // brings the counter
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.back() == "after"; }));
  EXPECT_EQ(receiver.socket->kernel_drops(), 500 - first);
}

TEST(UdpSocket, ReadIntervalCollectsAFloodInFewCalls) {
  EventLoop loop;
  Receiver receiver(loop, {.bind = {kLoopback, 0}, .receive_buffer = 1 << 20, .read_interval = 20ms});
  const auto sender = open_sender(loop);
  const Endpoint target = receiver.endpoint();
  int sent = 0;
  Timer* again = nullptr;
  const Time begin = loop.now();
  Timer feed(loop, [&] {
    sent += static_cast<int>(send_text(*sender, "beacon", target));
    if (sent < 100) again->set(loop.now() + 1ms);
  });
  again = &feed;
  feed.set(loop.now());
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 100; }));
  EXPECT_LE(receiver.calls, (loop.now() - begin) / 20ms + 2);
}

TEST(UdpSocket, ReadIntervalDelaysNothingOnAnIdleSocket) {
  EventLoop loop;
  Receiver receiver(loop, {.bind = {kLoopback, 0}, .read_interval = 1h});
  const auto sender = open_sender(loop);
  send_text(*sender, "first", receiver.endpoint());
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 1; }));
  send_text(*sender, "second", receiver.endpoint());
  run_for(loop, 20ms);
  EXPECT_EQ(receiver.texts.size(), 1U);
}

TEST(UdpSocket, ReadIntervalFallsBackToTheReadEvent) {
  EventLoop loop;
  Receiver receiver(loop, {.bind = {kLoopback, 0}, .read_interval = 5ms});
  const auto sender = open_sender(loop);
  for (std::size_t i = 1; i <= 3; ++i) {
    send_text(*sender, "x", receiver.endpoint());
    ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == i; }));
    run_for(loop, 20ms);
  }
}

TEST(UdpSocket, SignalsDoNotDisturbReadingAndWriting) {
  EventLoop loop;
  struct sigaction action{}, old{};
  action.sa_handler = [](int) {};  // no SA_RESTART: calls return EINTR
  ::sigaction(SIGALRM, &action, &old);
  const itimerval storm{{0, 100}, {0, 100}};
  ::setitimer(ITIMER_REAL, &storm, nullptr);
  Receiver receiver(loop, {.bind = {kLoopback, 0}, .receive_buffer = 1 << 20});
  const auto sender = open_sender(loop);
  const std::vector<ByteView> packets(20, as_bytes("x"));
  const Endpoint target = receiver.endpoint();
  for (std::size_t i = 1; i <= 100; ++i) {
    ASSERT_EQ(sender->send(packets, {&target, 1}), 20U);
    ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == i * 20; }));
  }
  const itimerval off{};
  ::setitimer(ITIMER_REAL, &off, nullptr);
  ::sigaction(SIGALRM, &old, nullptr);
  EXPECT_EQ(sender->send_errors(), 0U);
}

TEST(UdpSocket, JoinedGroupArrivesByInterfaceIndexUntilLeft) {
  EventLoop loop;
  Receiver receiver(loop, {.bind = {kGroup, 0}});
  const auto sender = open_sender(loop);
  ASSERT_TRUE(sender->set_multicast_sending({.interface_index = loopback_index(), .ttl = 3, .loop = true}));
  const Endpoint target{kGroup, receiver.socket->port()};
  ASSERT_TRUE(receiver.socket->join(kGroup, loopback_index()));
  EXPECT_EQ(receiver.socket->join(kGroup, loopback_index()).error(), std::errc::address_in_use);
  send_text(*sender, "one", target);
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 1; }));
  EXPECT_EQ(receiver.last.destination, kGroup);
  EXPECT_EQ(receiver.last.interface_index, loopback_index());
  EXPECT_EQ(receiver.last.ttl, 3);
  ASSERT_TRUE(receiver.socket->leave(kGroup, loopback_index()));
  send_text(*sender, "two", target);
  run_for(loop, 10ms);
  EXPECT_EQ(receiver.texts.size(), 1U);
  EXPECT_FALSE(receiver.socket->leave(kGroup, loopback_index()));
}

TEST(UdpSocket, AGroupThatAnotherSocketJoinedDoesNotArrive) {
  EventLoop loop;
  Receiver member(loop, {.reuse_address = true});
  Receiver stranger(loop, {.bind = {{}, member.socket->port()}, .reuse_address = true});
  ASSERT_TRUE(member.socket->join(kGroup, loopback_index()));
  ASSERT_TRUE(stranger.socket->join(kOtherGroup, loopback_index()));
  const auto sender = open_sender(loop);
  ASSERT_TRUE(sender->set_multicast_sending({.interface_index = loopback_index(), .loop = true}));
  send_text(*sender, "x", {kGroup, member.socket->port()});
  ASSERT_TRUE(run_until(loop, [&] { return !member.texts.empty(); }));
  run_for(loop, 5ms);
  EXPECT_TRUE(stranger.texts.empty());
}

TEST(UdpSocket, JoinOnAnInterfaceThatIsGoneIsAnError) {
  EventLoop loop;
  Receiver receiver(loop);
  EXPECT_FALSE(receiver.socket->join(kGroup, 999'999));
  EXPECT_FALSE(receiver.socket->set_multicast_sending({.interface_index = 999'999}));
  EXPECT_FALSE(receiver.socket->join(kLoopback, loopback_index()));
}

TEST(UdpSocket, SendFromGoesOutOfTheInterface) {
  EventLoop loop;
  Receiver receiver(loop);
  const auto sender = open_sender(loop);
  ASSERT_TRUE(sender->send_from(loopback_index(), receiver.endpoint(), as_bytes("in")));
  ASSERT_TRUE(sender->send_from(0, receiver.endpoint(), as_bytes("by route")));
  ASSERT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 2; }));
  EXPECT_FALSE(sender->send_from(999'999, receiver.endpoint(), as_bytes("x")));
  EXPECT_EQ(sender->send_errors(), 1U);
}

TEST(UdpSocket, UnknownDeviceIsAnError) {
  EventLoop loop;
  for (const char* device : {"nosuchdevice", "lo0123456789abcdef", "aDeviceNameThatIsFarTooLong"}) {
    EXPECT_FALSE(UdpSocket::open(loop, {.device = device}, nullptr)) << device;
  }
}

TEST(UdpSocket, BindsToADevice) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root: old kernels want CAP_NET_RAW for SO_BINDTODEVICE";
  EventLoop loop;
  Receiver receiver(loop, {.device = "lo"});
  const auto sender = open_sender(loop);
  send_text(*sender, "x", receiver.endpoint());
  EXPECT_TRUE(run_until(loop, [&] { return receiver.texts.size() == 1; }));
}

TEST(UdpSocket, ReceiveBufferIsWhatTheKernelGave) {
  EventLoop loop;
  const Receiver receiver(loop, {.receive_buffer = 100'000});
  EXPECT_EQ(receiver.socket->receive_buffer_size(), 200'000);
}

TEST(UdpSocket, UnprivilegedReceiveBufferEndsAtTheSystemsLimit) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root: cannot compare with a forced buffer";
  in_own_process([] {
    EventLoop loop;
    const Receiver forced(loop, {.receive_buffer = 256 << 20});
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
    const Receiver limited(loop, {.receive_buffer = 256 << 20});
    EXPECT_EQ(forced.socket->receive_buffer_size(), 512 << 20);
    EXPECT_GT(limited.socket->receive_buffer_size(), 64 << 10);
    EXPECT_LT(limited.socket->receive_buffer_size(), 512 << 20);
  });
}

TEST(OpenPair, IsAnEvenPortAndTheNext) {
  EventLoop loop;
  std::vector<UdpPair> pairs;
  for (int i = 0; i < 50; ++i) {
    auto pair = open_pair(loop, {.bind = {kLoopback, 0}}, 0, nullptr, nullptr);
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->rtp->port() % 2, 0);
    EXPECT_EQ(pair->rtcp->port(), pair->rtp->port() + 1);
    pairs.push_back(std::move(*pair));
  }
}

TEST(OpenPair, PassesOverPortsInUse) {
  EventLoop loop;
  const auto first = open_pair(loop, {.bind = {kLoopback, 0}}, 0, nullptr, nullptr);
  ASSERT_TRUE(first);
  const std::uint16_t port = first->rtp->port();
  const auto next = open_pair(loop, {.bind = {kLoopback, 0}}, port, nullptr, nullptr);
  ASSERT_TRUE(next);
  EXPECT_GT(next->rtp->port(), port);
  EXPECT_EQ(next->rtp->port() % 2, 0);
  const auto odd =
      open_pair(loop, {.bind = {kLoopback, 0}}, static_cast<std::uint16_t>(port + 3), nullptr, nullptr);
  ASSERT_TRUE(odd);
  EXPECT_GT(odd->rtp->port(), port + 3);
}

TEST(OpenPair, EndOfThePortsAndForeignAddressesAreErrors) {
  EventLoop loop;
  EXPECT_FALSE(open_pair(loop, {.bind = {kLoopback, 0}}, 65535, nullptr, nullptr));
  const auto foreign =
      open_pair(loop, {.bind = {Ipv4Address::from_octets(192, 0, 2, 1), 0}}, 0, nullptr, nullptr);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error(), std::errc::address_not_available);
}

}  // namespace
}  // namespace wfdcast::platform
