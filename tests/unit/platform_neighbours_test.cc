#include "platform/neighbours.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

#include "platform/interface_monitor.h"
#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

TEST(Neighbours, WhoHasNotAnsweredHasNoAddress) {
  const auto found = parse_neighbours(
      "IP address       HW type     Flags       HW address            Mask     Device\n"
      "192.168.49.2     0x1         0x2         46:00:00:00:01:00     *        p2p-wlan0-0\n"
      "192.168.49.3     0x1         0x0         00:00:00:00:00:00     *        p2p-wlan0-0\n"
      "192.168.49.4     0x1         0x6         02:00:00:00:00:04     *        eth0\n"
      "nonsense\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_FALSE(found[1].mac);
  EXPECT_TRUE(found[2].mac);
  EXPECT_EQ(to_string(found[0].address), "192.168.49.2");
  EXPECT_EQ(to_string(found[0].mac), "46:00:00:00:01:00");
  EXPECT_EQ(found[0].interface, "p2p-wlan0-0");
}

TEST(Neighbours, AHostThatDoesNotAnswerIsKnownToBeSilent) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, who makes interfaces";
  in_own_process([] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    ASSERT_EQ(
        std::system("ip link add near type veth peer name far && ip link set near up && ip link set far up"),
        0);
    const auto nobody = Ipv4Address::from_octets(192, 168, 49, 2);
    ASSERT_TRUE(add_address("near", Ipv4Address::from_octets(192, 168, 49, 1), 24));
    EXPECT_EQ(silent_on(nobody), "");
    look_for(nobody);
    EXPECT_EQ(silent_on(nobody), "near");
    EXPECT_TRUE(neighbours().empty());
    look_for(Ipv4Address::from_octets(8, 8, 8, 8));  // no way there
  });
}

TEST(Neighbours, AddressIsAddedOnce) {
  in_own_process([] {
    ASSERT_EQ(::unshare(CLONE_NEWUSER | CLONE_NEWNET), 0);
    const auto address = Ipv4Address::from_octets(192, 168, 49, 1);
    const auto missing = add_address("nothere", address, 24);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().value(), ENODEV);
    ASSERT_TRUE(add_address("lo", address, 24));
    ASSERT_TRUE(add_address("lo", address, 24)) << "it is there already";
    EventLoop loop;
    const auto monitor = InterfaceMonitor::open(loop, [] {});
    const auto lo = (*monitor)->find("lo");
    ASSERT_TRUE(lo);
    ASSERT_EQ(lo->addresses.size(), 1U);
    EXPECT_EQ(lo->addresses.front(),
              (Interface::Address{address, Ipv4Address::from_octets(192, 168, 49, 255), 24}));
  });
}

}  // namespace
}  // namespace wfdcast::platform
