#include "platform/interface_monitor.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/fd.h"
#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

constexpr Ipv4Address kLoopback = Ipv4Address::from_octets(127, 0, 0, 1);

TEST(InterfaceMonitor, KnowsLoopbackWhenOpened) {
  EventLoop loop;
  const auto monitor = InterfaceMonitor::open(loop, [] {});
  ASSERT_TRUE(monitor) << monitor.error().message();
  const auto lo = (*monitor)->find("lo");
  ASSERT_TRUE(lo);
  EXPECT_EQ(lo->index, static_cast<int>(::if_nametoindex("lo")));
  EXPECT_EQ((*monitor)->find("nosuchdevice"), std::nullopt);
  EXPECT_EQ((*monitor)->find(""), std::nullopt);
  EXPECT_EQ((*monitor)->interfaces().front(), *lo);
}

void ip(const std::string& arguments) {
  ASSERT_EQ(std::system(("ip " + arguments).c_str()), 0) << "ip " << arguments;
}

// Runs `body` in an empty network namespace.
void in_namespace(const std::function<void(EventLoop&)>& body) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root: cannot make a network namespace";
  in_own_process([&] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << std::strerror(errno);
    EventLoop loop;
    body(loop);
  });
}

struct Subject {
  explicit Subject(EventLoop& event_loop) : loop(event_loop) {
    auto opened = InterfaceMonitor::open(loop, [this] { ++changes; });
    EXPECT_TRUE(opened) << opened.error().message();
    monitor = std::move(*opened);
  }
  // Waits until `name` is as `holds` says.
  bool wait(std::string_view name, const std::function<bool(const std::optional<Interface>&)>& holds) {
    return run_until(loop, [&] { return holds(monitor->find(name)); });
  }
  [[nodiscard]] std::vector<Interface::Address> addresses(std::string_view name) const {
    const auto found = monitor->find(name);
    return found ? found->addresses : std::vector<Interface::Address>{};
  }

  EventLoop& loop;
  int changes = 0;
  std::unique_ptr<InterfaceMonitor> monitor;
};

const auto kGone = [](const auto& interface) { return !interface; };
const auto kUp = [](const auto& interface) { return interface && interface->up; };
const auto kDown = [](const auto& interface) { return interface && !interface->up; };

TEST(InterfaceMonitor, FollowsUpDownAndCarrier) {
  in_namespace([](EventLoop& loop) {
    ip("link add wlan0 type veth peer name far");
    Subject subject(loop);
    EXPECT_TRUE(kDown(subject.monitor->find("wlan0")));
    ip("link set wlan0 up");
    run_for(loop, 5ms);
    EXPECT_TRUE(kDown(subject.monitor->find("wlan0"))) << "no carrier yet";
    ip("link set far up");
    EXPECT_TRUE(subject.wait("wlan0", kUp));
    ip("link set far down");
    EXPECT_TRUE(subject.wait("wlan0", kDown));
  });
}

TEST(InterfaceMonitor, FollowsAddresses) {
  in_namespace([](EventLoop& loop) {
    ip("link set lo up");
    ip("link add wlan0 type veth peer name far");
    ip("addr add 192.168.7.20/24 dev wlan0");
    Subject subject(loop);
    EXPECT_EQ(
        subject.addresses("lo"),
        (std::vector<Interface::Address>{{kLoopback, Ipv4Address::from_octets(127, 255, 255, 255), 8}}));
    const Interface::Address first{Ipv4Address::from_octets(192, 168, 7, 20),
                                   Ipv4Address::from_octets(192, 168, 7, 255), 24};
    EXPECT_EQ(subject.addresses("wlan0"), std::vector{first}) << "computed: the kernel has none";
    ip("addr add 10.1.2.3/16 broadcast 10.1.9.9 dev wlan0");
    const Interface::Address second{Ipv4Address::from_octets(10, 1, 2, 3),
                                    Ipv4Address::from_octets(10, 1, 9, 9), 16};
    EXPECT_TRUE(run_until(loop, [&] { return subject.addresses("wlan0") == std::vector{first, second}; }));
    ip("addr del 192.168.7.20/24 dev wlan0");
    EXPECT_TRUE(run_until(loop, [&] { return subject.addresses("wlan0") == std::vector{second}; }));
    ip("addr add 10.9.9.1 peer 10.9.9.2/32 dev far");
    const Interface::Address host{Ipv4Address::from_octets(10, 9, 9, 1), {}, 32};
    EXPECT_TRUE(run_until(loop, [&] { return subject.addresses("far") == std::vector{host}; }));
  });
}

TEST(InterfaceMonitor, PrimaryAddressIsFirstAlsoAfterPromotion) {
  in_namespace([](EventLoop& loop) {
    ASSERT_EQ(std::system("echo 1 > /proc/sys/net/ipv4/conf/all/promote_secondaries"), 0);
    ip("link add wlan0 type veth peer name far");
    for (const char* host : {"1", "2", "3"}) ip("addr add 10.0.0." + std::string(host) + "/24 dev wlan0");
    Subject subject(loop);
    ASSERT_EQ(subject.addresses("wlan0").size(), 3U);
    EXPECT_EQ(subject.addresses("wlan0").front().address, Ipv4Address::from_octets(10, 0, 0, 1));
    ip("addr del 10.0.0.1/24 dev wlan0");
    ip("addr add 10.0.0.4/24 dev wlan0");
    ASSERT_TRUE(run_until(loop, [&] {
      const auto now = subject.addresses("wlan0");
      return now.size() == 3 && now.back().address == Ipv4Address::from_octets(10, 0, 0, 4);
    }));
    EXPECT_EQ(subject.addresses("wlan0").front().address, Ipv4Address::from_octets(10, 0, 0, 2));
  });
}

TEST(InterfaceMonitor, FollowsGoneRenamedAndBackUnderAnotherIndex) {
  in_namespace([](EventLoop& loop) {
    ip("link add wlan0 type veth peer name far");
    ip("addr add 10.0.0.1/24 dev wlan0");
    Subject subject(loop);
    const int index = subject.monitor->find("wlan0")->index;
    ip("link del wlan0");
    EXPECT_TRUE(subject.wait("wlan0", kGone));
    ip("link add wlan0 type veth peer name far");
    EXPECT_TRUE(subject.wait("wlan0", [&](const auto& now) { return now && now->index != index; }));
    EXPECT_TRUE(subject.addresses("wlan0").empty()) << "those of the old one are gone";
    ip("link set wlan0 name wlan1");
    EXPECT_TRUE(subject.wait("wlan1", [](const auto& now) { return now.has_value(); }));
    EXPECT_TRUE(kGone(subject.monitor->find("wlan0")));
  });
}

TEST(InterfaceMonitor, APortThatLeavesItsBridgeIsNotGone) {
  in_namespace([](EventLoop& loop) {
    ip("link add br0 type bridge");
    ip("link add wlan0 type veth peer name far");
    ip("addr add 10.0.0.1/24 dev wlan0");
    ip("link set wlan0 master br0");
    Subject subject(loop);
    ip("link set wlan0 nomaster");  // RTM_DELLINK in the family AF_BRIDGE
    ip("link add mark type veth peer name mark2");
    ASSERT_TRUE(subject.wait("mark", [](const auto& now) { return now.has_value(); }));
    EXPECT_EQ(subject.addresses("wlan0").size(), 1U);
  });
}

TEST(InterfaceMonitor, CallsOnlyWhenSomethingDiffers) {
  in_namespace([](EventLoop& loop) {
    ip("link add wlan0 type veth peer name far");
    Subject subject(loop);
    ip("link set wlan0 mtu 1400");  // a notification that changes nothing of ours
    ip("link set wlan0 alias sink");
    run_for(loop, 5ms);
    EXPECT_EQ(subject.changes, 0);
    ip("addr add 10.0.0.1/24 dev wlan0");
    EXPECT_TRUE(run_until(loop, [&] { return subject.changes > 0; }));
    run_for(loop, 5ms);
    EXPECT_EQ(subject.changes, 1);
  });
}

// Sets the address of lo, which notifies twice, without a process each time.
void change_address(const Fd& fd, std::uint32_t address) {
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  sockaddr_in value{};
  value.sin_family = AF_INET;
  value.sin_addr.s_addr = htonl(address);
  std::memcpy(&request.ifr_addr, &value, sizeof value);
  ASSERT_EQ(::ioctl(fd.get(), SIOCSIFADDR, &request), 0);
}

TEST(InterfaceMonitor, LostNotificationsLeadToANewDump) {
  in_namespace([](EventLoop& loop) {
    ip("link set lo up");
    Subject subject(loop);
    ip("link add wlan0 type veth peer name far");  // this one is queued,
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (std::uint32_t i = 0; i < 2000; ++i) change_address(fd, 0x7F000001 + i);
    ip("link del wlan0");  // and this one is lost
    ip("addr add 10.0.0.9/32 dev lo");
    EXPECT_TRUE(run_until(loop, [&] {
      const auto now = subject.addresses("lo");
      return !now.empty() && now.back().address == Ipv4Address::from_octets(10, 0, 0, 9);
    }));
    EXPECT_TRUE(kGone(subject.monitor->find("wlan0"))) << "older than the dump";
    EXPECT_LE(subject.changes, 3);
    ip("link add wlan0 type veth peer name far");
    EXPECT_TRUE(subject.wait("wlan0", kDown)) << "and it goes on";
  });
}

TEST(InterfaceMonitor, ManyInterfacesComeInSeveralParts) {
  in_namespace([](EventLoop& loop) {
    for (int i = 0; i < 60; ++i)
      ip("link add many" + std::to_string(i) + " type veth peer name far" + std::to_string(i));
    const Subject subject(loop);
    EXPECT_GE(subject.monitor->interfaces().size(), 121U);
    EXPECT_TRUE(subject.monitor->find("far59"));
  });
}

TEST(EffectiveRpFilter, IsTheLargerOfAllAndItsOwn) {
  in_namespace([](EventLoop&) {
    const auto set = [](const std::string& name, int value) {
      ASSERT_EQ(
          std::system(("echo " + std::to_string(value) + " > /proc/sys/net/ipv4/conf/" + name + "/rp_filter")
                          .c_str()),
          0);
    };
    set("all", 0);
    set("lo", 2);
    EXPECT_EQ(effective_rp_filter("lo"), 2);
    set("all", 1);
    set("lo", 0);
    EXPECT_EQ(effective_rp_filter("lo"), 1);
  });
}

TEST(EffectiveRpFilter, IsUnknownForNamesThatAreNoInterface) {
  for (const char* name : {"", "nosuchdevice", ".", "..", "../conf/lo", "/etc"}) {
    EXPECT_EQ(effective_rp_filter(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace wfdcast::platform
