#include <gtest/gtest.h>

#include "discovery/control_command.h"
#include "discovery/control_reply.h"

namespace wfdcast::discovery {
namespace {

const MacAddress kTv{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};

TEST(ControlCommand, Connect) {
  EXPECT_EQ(command::connect({.device = kTv, .method = command::Button{}, .persistent = true, .intent = 15}),
            "P2P_CONNECT 02:11:22:33:44:55 pbc persistent go_intent=15");
  EXPECT_EQ(command::connect({.device = kTv, .method = command::Button{}, .join = true, .frequency = 2412}),
            "P2P_CONNECT 02:11:22:33:44:55 pbc join");
  EXPECT_EQ(command::connect({.device = kTv, .method = command::EnterPin{"12345670"}, .frequency = 2412}),
            "P2P_CONNECT 02:11:22:33:44:55 12345670 keypad go_intent=7 freq=2412");
  EXPECT_EQ(command::connect({.device = kTv, .method = command::ShowPin{}}),
            "P2P_CONNECT 02:11:22:33:44:55 pin go_intent=7");
  EXPECT_EQ(command::connect({.device = kTv, .method = command::ShowPin{"12345670"}}),
            "P2P_CONNECT 02:11:22:33:44:55 12345670 display go_intent=7");
}

TEST(ControlCommand, OurOwnTextsStayOnOneLine) {
  EXPECT_EQ(command::set("device_name", "Lobby\nP2P_FLUSH"), "SET device_name LobbyP2P_FLUSH");
}

TEST(ControlCommand, WfdSubelements) {
  EXPECT_EQ(command::set_device_information({.role = Role::PrimarySink}),
            "WFD_SUBELEM_SET 0 000600111c440032");
  EXPECT_EQ(command::set_device_information({.role = Role::Source, .available = false}),
            "WFD_SUBELEM_SET 0 000600001c440032");
  EXPECT_EQ(command::set_subelement(11, {}), "WFD_SUBELEM_SET 11 ");
}

TEST(ControlCommand, PinsHaveACheckDigit) {
  EXPECT_TRUE(command::is_valid_pin("12345670"));
  EXPECT_TRUE(command::is_valid_pin("89826607"));  // by wpa_supplicant
  EXPECT_TRUE(command::is_valid_pin("1234"));
  for (const auto* pin : {"12345671", "1234567", "", "1234567a", "12 45670"})
    EXPECT_FALSE(command::is_valid_pin(pin));
}

TEST(ControlReply, Kinds) {
  EXPECT_EQ(kind_of("OK\n"), ReplyKind::Ok);
  EXPECT_EQ(kind_of("FAIL\n"), ReplyKind::Failed);
  EXPECT_EQ(kind_of("FAIL-CHANNEL-UNAVAILABLE\n"), ReplyKind::Failed);
  EXPECT_EQ(kind_of("UNKNOWN COMMAND\n"), ReplyKind::UnknownCommand);
  EXPECT_EQ(kind_of("18841923"), ReplyKind::Text);
  EXPECT_EQ(kind_of(""), ReplyKind::Text);
  EXPECT_EQ(parse_pin("18841923"), "18841923");
  EXPECT_FALSE(parse_pin("FAIL\n"));
}

TEST(ControlReply, PeerDetails) {
  const auto peer = parse_peer(
      "02:11:22:33:44:55\npri_dev_type=7-0050F204-1\ndevice_name=TV persistent=7 "
      "wfd_subelems=00\nmanufacturer=ACME\n"
      "model_name=X1\nserial_number=42\ngroup_capab=0x1\ninterface_addr=02:11:22:33:44:66\n"
      "flags=[REPORTED]\nwfd_subelems=01000600000000000000000600111c440032\npersistent=3\n");
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->seen.device, kTv);
  EXPECT_EQ(to_string(peer->seen.address), "02:11:22:33:44:66");
  EXPECT_EQ(peer->seen.name, "TV persistent=7 wfd_subelems=00");
  EXPECT_TRUE(peer->seen.group_owner);
  ASSERT_TRUE(peer->seen.wfd);
  EXPECT_EQ(peer->seen.wfd->control_port, 7236);
  EXPECT_EQ(peer->serial, "42");
  EXPECT_EQ(peer->persistent, 3);
}

TEST(ControlReply, PeerDetailsThatAreNone) {
  EXPECT_FALSE(parse_peer("FAIL\n"));
  EXPECT_FALSE(parse_peer(""));
  const auto bare = parse_peer("02:11:22:33:44:55\nwfd_subelems=000006\n");
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->seen.wfd);
  EXPECT_FALSE(bare->persistent);
  EXPECT_EQ(bare->seen.address, kTv);
}

}  // namespace
}  // namespace wfdcast::discovery
