#include "daemon/wifi_socket.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "daemon/config.h"

namespace wfdcast::daemon {
namespace {

TEST(WifiSocket, TheDeviceOfOurInterfaceComesFirst) {
  EXPECT_EQ(choose_p2p_interface({"wlan0", "p2p-dev-wlan0", "wlan1"}, {"wlan0"}), "p2p-dev-wlan0");
  EXPECT_EQ(choose_p2p_interface({"p2p-dev-wlan1", "wlan0"}, {"wlan0"}), "wlan0");
  EXPECT_EQ(choose_p2p_interface({"p2p-dev-wlan1", "wlan1"}, {"eth0"}), "p2p-dev-wlan1");
  EXPECT_EQ(choose_p2p_interface({"wlan1"}, {"eth0"}), "");
  EXPECT_EQ(choose_p2p_interface({"p2p-dev-wlp0s20"}, {"wlp0s20f3"}), "p2p-dev-wlp0s20");
}

TEST(WifiSocket, NothingThereIsNothing) {
  EXPECT_EQ(find_p2p_socket("/nonexistent", {"wlan0"}), "");
  EXPECT_EQ(find_p2p_socket("/etc/passwd", {"wlan0"}), "");
}

TEST(WifiSocket, WhoHoldsTheInterfaceIsReadFromControlGroups) {
  namespace files = std::filesystem;
  const files::path groups = files::path(testing::TempDir()) / "control-groups";
  files::remove_all(groups);
  EXPECT_EQ(holder_of_wifi(groups), "");
  files::create_directories(groups / "system.slice" / "ssh.service");
  EXPECT_EQ(holder_of_wifi(groups), "");
  files::create_directories(groups / "system.slice" / "wpa_supplicant.service");
  EXPECT_EQ(holder_of_wifi(groups), "wpa_supplicant");
  files::create_directories(groups / "systemd" / "system.slice" / "NetworkManager.service");
  EXPECT_EQ(holder_of_wifi(groups), "NetworkManager") << "it is the one who steers the supplicant";
  files::remove_all(groups);
}

TEST(GroupAddress, IsAnAddressAndAPrefix) {
  const auto address = parse_interface_address("192.168.49.1/24");
  ASSERT_TRUE(address);
  EXPECT_EQ(to_string(address->address), "192.168.49.1");
  EXPECT_EQ(address->prefix, 24);
  for (const char* wrong :
       {"", "192.168.49.1", "192.168.49.1/", "192.168.49.1/31", "0.0.0.0/24", "x/24", "192.168.49.1/7"}) {
    EXPECT_FALSE(parse_interface_address(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace wfdcast::daemon
