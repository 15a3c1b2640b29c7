#include <gtest/gtest.h>

#include <sstream>

#include "discovery/control_event.h"
#include "tests/unit/hex_dump.h"

namespace wfdcast::discovery {
namespace {

const MacAddress kTv{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
const MacAddress kOther{{0x02, 0x11, 0x22, 0x33, 0x44, 0x66}};

template <class Event>
Event parsed(std::string_view line) {
  const auto event = parse_event(line);
  if (!event || !std::holds_alternative<Event>(event->body)) throw std::runtime_error(std::string(line));
  return std::get<Event>(event->body);
}

std::string found_line(const std::string& name) {
  return "<3>P2P-DEVICE-FOUND 02:11:22:33:44:66 p2p_dev_addr=02:11:22:33:44:55 pri_dev_type=7-0050F204-1 "
         "name='" +
         name +
         "' config_methods=0x188 dev_capab=0x25 group_capab=0x1 wfd_dev_info=0x00111c440032 vendor_elems=1 "
         "new=1";
}

TEST(ControlEvent, FoundDeviceHasItsStableAddressAndItsWfdInformation) {
  const auto seen = parsed<P2pDeviceSeen>(found_line("Room 4 TV"));
  EXPECT_EQ(seen.address, kOther);
  EXPECT_EQ(seen.device, kTv);
  EXPECT_EQ(seen.name, "Room 4 TV");
  EXPECT_EQ(seen.device_type, "7-0050F204-1");
  EXPECT_TRUE(seen.group_owner);
  ASSERT_TRUE(seen.wfd);
  EXPECT_EQ(*seen.wfd,
            (DeviceInformation{.role = Role::PrimarySink, .control_port = 7236, .max_throughput = 50}));
}

TEST(ControlEvent, NamesMayHoldQuotesKeysAndAWholeTail) {
  for (const std::string name :
       {"Bob's TV", "' config_methods=0x1 wfd_dev_info=0x00101c440032 new=1", " name='x' config_methods=0x0",
        "p2p_dev_addr=02:99:99:99:99:99", "", "'", "tail' config_methods=0x188", "a\\b\"c", "Büro"}) {
    const auto seen = parsed<P2pDeviceSeen>(found_line(name));
    EXPECT_EQ(seen.name, name);
    EXPECT_EQ(seen.device, kTv);
    ASSERT_TRUE(seen.wfd) << name;
    EXPECT_EQ(seen.wfd->role, Role::PrimarySink);
  }
}

TEST(ControlEvent, WfdInformationInANameIsNotWfdInformation) {
  const auto seen = parsed<P2pDeviceSeen>(
      "<3>P2P-DEVICE-FOUND 02:11:22:33:44:55 p2p_dev_addr=02:11:22:33:44:55 pri_dev_type=7-0050F204-1 "
      "name='x wfd_dev_info=0x00111c440032' config_methods=0x188 dev_capab=0x25 group_capab=0x0 new=0");
  EXPECT_FALSE(seen.wfd);
  EXPECT_FALSE(seen.group_owner);
}

TEST(ControlEvent, GlobalSocketNamesTheInterface) {
  const auto event =
      parse_event("IFNAME=p2p-wlan0-3 <3>AP-STA-CONNECTED 02:11:22:33:44:66 p2p_dev_addr=02:11:22:33:44:55");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->interface, "p2p-wlan0-3");
  const auto& station = std::get<StationConnected>(event->body);
  EXPECT_EQ(station.interface, kOther);
  EXPECT_EQ(station.device, kTv);
}

TEST(ControlEvent, GroupOfAnOwnerAndOfAClient) {
  const auto owner = parsed<GroupStarted>(
      "<3>P2P-GROUP-STARTED p2p-wlan0-0 GO ssid=\"DIRECT-ab\\\"c\\x41 freq=1\" freq=5180 passphrase=\"a b\" "
      "go_dev_addr=02:99:99:99:99:99\" go_dev_addr=02:11:22:33:44:55 [PERSISTENT]");
  EXPECT_EQ(owner.interface, "p2p-wlan0-0");
  EXPECT_EQ(owner.role, GroupRole::Owner);
  EXPECT_EQ(owner.ssid, "DIRECT-ab\"cA freq=1");
  EXPECT_EQ(owner.frequency, 5180);
  EXPECT_EQ(owner.owner, kTv);
  EXPECT_TRUE(owner.persistent);
  const auto client = parsed<GroupStarted>(
      "<3>P2P-GROUP-STARTED p2p-wlan0-1 client ssid=\"DIRECT-xy\" freq=5180 psk=00ff "
      "go_dev_addr=02:11:22:33:44:55 "
      "ip_addr=192.168.49.30 ip_mask=255.255.255.0 go_ip_addr=192.168.49.1 ");
  EXPECT_EQ(client.role, GroupRole::Client);
  EXPECT_FALSE(client.persistent);
  EXPECT_EQ(to_string(client.address), "192.168.49.30");
  EXPECT_EQ(client.prefix, 24);
  EXPECT_EQ(to_string(client.owner_address), "192.168.49.1");
}

TEST(ControlEvent, ProvisionDiscovery) {
  const auto show = parsed<ProvisionStep>(
      "<3>P2P-PROV-DISC-SHOW-PIN 02:11:22:33:44:55 12345670 p2p_dev_addr=02:11:22:33:44:55 "
      "pri_dev_type=1-0050F204-1 name=' 99999999 ' config_methods=0x188 dev_capab=0x25 group_capab=0x0");
  EXPECT_EQ(show.what, Provision::ShowPin);
  EXPECT_EQ(show.pin, "12345670");
  const auto join = parsed<ProvisionStep>(
      "<3>P2P-PROV-DISC-PBC-REQ 02:11:22:33:44:55 p2p_dev_addr=02:11:22:33:44:55 pri_dev_type=1-0050F204-1 "
      "name='group=evil' config_methods=0x188 dev_capab=0x25 group_capab=0x0 group=p2p-wlan0-2");
  EXPECT_EQ(join.group, "p2p-wlan0-2");
  EXPECT_EQ(parsed<ProvisionStep>("<3>P2P-PROV-DISC-ENTER-PIN 02:11:22:33:44:55").device, kTv);
  EXPECT_EQ(
      parsed<ProvisionFailed>("<3>P2P-PROV-DISC-FAILURE p2p_dev_addr=02:11:22:33:44:55 status=2").status, 2);
}

TEST(ControlEvent, NegotiationInvitationAndRemoval) {
  const auto request =
      parsed<NegotiationRequest>("<3>P2P-GO-NEG-REQUEST 02:11:22:33:44:55 dev_passwd_id=4 go_intent=7");
  EXPECT_EQ(request.password, Password::Button);
  EXPECT_EQ(parsed<NegotiationFailed>("<3>P2P-GO-NEG-FAILURE status=-1").status, -1);
  EXPECT_EQ(parsed<NegotiationFailed>("<3>P2P-GO-NEG-FAILURE status=11").status, 11);
  const auto invitation = parsed<InvitationReceived>(
      "<3>P2P-INVITATION-RECEIVED sa=02:11:22:33:44:66 go_dev_addr=02:11:22:33:44:55 bssid=02:00:00:00:00:01 "
      "unknown-network");
  EXPECT_EQ(invitation.owner, kTv);
  EXPECT_FALSE(invitation.persistent);
  EXPECT_EQ(
      parsed<InvitationReceived>("<3>P2P-INVITATION-RECEIVED sa=02:11:22:33:44:66 persistent=3 freq=5180")
          .persistent,
      3);
  const auto removed = parsed<GroupRemoved>("<3>P2P-GROUP-REMOVED p2p-wlan0-0 GO reason=REQUESTED");
  EXPECT_EQ(removed.interface, "p2p-wlan0-0");
  EXPECT_EQ(removed.reason, "REQUESTED");
  EXPECT_TRUE(std::holds_alternative<Terminating>(parse_event("<3>CTRL-EVENT-TERMINATING ")->body));
}

TEST(ControlEvent, MalformedLinesAreNothing) {
  for (const std::string_view line :
       {"", "<", "<3>", "OK", "<3>P2P-DEVICE-FOUND",
        "<3>P2P-DEVICE-FOUND x p2p_dev_addr=y name='z' config_methods=", "<3>P2P-DEVICE-LOST p2p_dev_addr=1",
        "<3>P2P-GROUP-STARTED", "<3>P2P-GROUP-STARTED p2p-0 GO ssid=\"open", "<3>P2P-GROUP-REMOVED",
        "<3>P2P-PROV-DISC-SHOW-PIN 02:11:22:33:44:55 1234567x p2p_dev_addr=02:11:22:33:44:55",
        "<3>AP-STA-CONNECTED nobody", "IFNAME=", "IFNAME=wlan0", "<3>CTRL-EVENT-SCAN-STARTED "}) {
    EXPECT_FALSE(parse_event(line)) << line;
  }
}

TEST(ControlEvent, LinesCutAnywhereDoNotCrash) {
  const std::string line = found_line("a' config_methods=0x1");
  for (std::size_t size = 0; size < line.size(); ++size)
    (void)parse_event(std::string_view(line).substr(0, size));
}

// Transcripts of wpa_supplicant 2.10: every event of Wi-Fi Direct in them is understood.
TEST(ControlEvent, UnderstandsWhatARealSupplicantSays) {
  std::size_t understood = 0;
  for (const std::string file :
       {"p2p-uml-timetravel", "more-uml-timetravel", "ifaces-p2pdev", "ifaces-nop2pdev"}) {
    std::istringstream lines(read_text_file("wpa/" + file + ".txt"));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t mark = line.find(" ! ");
      if (mark == std::string::npos) continue;
      const std::string text = line.substr(mark + 3);
      const bool ours = text.find(">P2P-") != std::string::npos || text.find(">AP-STA-") != std::string::npos;
      if (!ours || text.find(">P2P-GROUP-FORMATION-SUCCESS") != std::string::npos) continue;
      ASSERT_TRUE(parse_event(text)) << text;
      ++understood;
    }
  }
  EXPECT_GT(understood, 150U);
}

}  // namespace
}  // namespace wfdcast::discovery
