#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "discovery/p2p_device.h"

// P2pDevice against lines as wpa_supplicant 2.10 writes them, carried by hand.
namespace wfdcast::discovery {

inline constexpr Time kStart{100s};
inline const MacAddress kTv{{0x42, 0, 0, 0, 1, 0}};
inline const MacAddress kTvInterface{{0x46, 0, 0, 0, 1, 0}};
inline const MacAddress kLate{{0x42, 0, 0, 0, 2, 0}};

inline const std::string kTvFound =
    "<3>P2P-DEVICE-FOUND 42:00:00:00:01:00 p2p_dev_addr=42:00:00:00:01:00 pri_dev_type=7-0050F204-1 "
    "name='sink' "
    "config_methods=0x188 dev_capab=0x25 group_capab=0x0 wfd_dev_info=0x00111c440032 new=1";
inline const std::string kTvDetails =
    "42:00:00:00:01:00\ndevice_name=sink\ngroup_capab=0x0\ninterface_addr=00:00:00:00:00:00\n";
inline const std::string kOwnGroup =
    "<3>P2P-GROUP-STARTED p2p-wlan0-5 GO ssid=\"DIRECT-Sd\" freq=2412 passphrase=\"wDJuNtb3\" "
    "go_dev_addr=42:00:00:00:00:00 "
    "[PERSISTENT]";
inline const std::string kTvsGroup =
    "<3>P2P-GROUP-STARTED p2p-wlan0-1 client ssid=\"DIRECT-Sd\" freq=2412 psk=00 "
    "go_dev_addr=42:00:00:00:01:00 "
    "ip_addr=192.168.49.2 ip_mask=255.255.255.0 go_ip_addr=192.168.49.1";
inline const std::string kAsksByButton =
    "<3>P2P-GO-NEG-REQUEST 42:00:00:00:01:00 dev_passwd_id=4 go_intent=7";
inline const std::string kTvJoined = "<3>AP-STA-CONNECTED 46:00:00:00:01:00 p2p_dev_addr=42:00:00:00:01:00";

// A device whose steps pile up until they are looked at.
class Rig {
 public:
  explicit Rig(P2pDevice::Options options) : device(options) {
    take(device.attached(now));
    drain();
  }

  void take(P2pDevice::Step step) {
    for (auto& request : step.requests) requests.push_back(std::move(request));
    for (auto& event : step.events) events.push_back(std::move(event));
  }
  void hear(const std::string& line) {
    const auto event = parse_event(line);
    ASSERT_TRUE(event) << line;
    take(device.receive(event->body, now));
  }
  // Answers the oldest request whose text begins so.
  void answer(const std::string& text, const std::string& reply) {
    const auto found =
        std::ranges::find_if(requests, [&](const auto& r) { return r.text.starts_with(text); });
    ASSERT_NE(found, requests.end()) << text;
    const ControlRequest request = *found;
    requests.erase(found);
    take(device.answered(request, reply, now));
  }
  std::vector<std::string> drain() {
    std::vector<std::string> texts;
    for (const auto& request : requests)
      texts.push_back((request.group.empty() ? "" : request.group + ": ") + request.text);
    requests.clear();
    return texts;
  }
  template <class Event>
  std::optional<Event> last() const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (const auto* found = std::get_if<Event>(&*event)) return *found;
    }
    return std::nullopt;
  }
  void wait(Duration time) {
    now += time;
    take(device.tick(now));
  }
  // A link with the TV, asked for by us.
  void connect() {
    meet_tv();
    take(device.connect(kTv, command::Button{}, now));
    answer("P2P_PEER", kTvDetails);
  }
  void meet_tv() {
    hear(kTvFound);
    answer("P2P_PEER", kTvDetails);
  }

  Time now = kStart;
  P2pDevice device;
  std::vector<ControlRequest> requests;
  std::vector<LinkEvent> events;
};

inline P2pDevice::Options source() {
  return {.setup = {.information = {.role = Role::Source},
                    .id = {},
                    .name = "Desk",
                    .model = "wfdcast",
                    .version = "1",
                    .group_address = {}}};
}
inline P2pDevice::Options sink(AcceptPolicy accept) {
  return {.setup = {.information = {},
                    .id = {},
                    .name = "Lobby",
                    .model = "wfdcast",
                    .version = "1",
                    .group_address = {}},
          .accept = accept,
          .listen = true};
}

}  // namespace wfdcast::discovery
