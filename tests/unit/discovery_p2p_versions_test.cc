// P2pDevice with a wpa_supplicant that lacks a command.
#include "tests/unit/discovery_p2p_rig.h"

namespace wfdcast::discovery {
namespace {

using testing::HasSubstr;
using testing::Not;

// wpa_supplicant 2.1 to today, and builds without a part of it: what it does not know costs that part only.
constexpr const char* kUnknown = "UNKNOWN COMMAND\n";

TEST(P2pDevice, WhatTheSupplicantDoesNotKnowOfTheSetUpIsLeftOut) {
  P2pDevice device(sink(AcceptPolicy::Ask));
  std::vector<LinkEvent> events;
  for (const auto& request : device.attached(kStart).requests) {
    const auto step = device.answered(request, kUnknown, kStart);
    EXPECT_TRUE(step.requests.empty()) << request.text;
    events.insert(events.end(), step.events.begin(), step.events.end());
  }
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(std::get<CapabilityMissing>(events[0]).what, "Wi-Fi Display");
  EXPECT_EQ(std::get<CapabilityMissing>(events[1]).what, "Wi-Fi Direct");
  EXPECT_EQ(device.state(), P2pDevice::State::Idle);
  // Nothing is put back that was never read.
  for (const auto& request : device.shut_down().requests) {
    EXPECT_THAT(request.text, Not(HasSubstr("SET device_name")));
    EXPECT_TRUE(device.answered(request, kUnknown, kStart).events.empty()) << request.text;
  }
}

// Where a command is missing a way round it is taken, or a person hears of it; the device stays usable.
struct WithoutCommand {
  const char* command;
  const char* instead;  // the next command; nullptr: none
  const char* reason;   // of a failed attempt, part of it; nullptr: it goes on
};
class WithoutOneCommand : public testing::TestWithParam<WithoutCommand> {};

TEST_P(WithoutOneCommand, ConnectsOtherwiseOrSaysSo) {
  Rig rig(source());
  rig.meet_tv();
  rig.take(rig.device.connect(kTv, command::Button{}, rig.now));
  const auto answer_all = [&](const std::string& known_group) {
    for (int i = 0; i < 20 && !rig.requests.empty(); ++i) {
      const ControlRequest request = rig.requests.front();
      rig.requests.erase(rig.requests.begin());
      const bool missing = request.text.starts_with(GetParam().command);
      const std::string peer = kTvDetails + known_group;
      rig.take(rig.device.answered(request,
                                   missing                                ? kUnknown
                                   : request.text.starts_with("P2P_PEER") ? peer
                                                                          : "OK\n",
                                   rig.now));
      if (missing && GetParam().instead) {
        ASSERT_FALSE(rig.requests.empty()) << GetParam().command;
        EXPECT_THAT(rig.requests.back().text, testing::StartsWith(GetParam().instead));
      }
    }
  };
  answer_all("persistent=3\n");
  const auto failed = rig.last<ConnectFailed>();
  ASSERT_EQ(failed.has_value(), GetParam().reason != nullptr);
  if (failed) {
    EXPECT_THAT(failed->reason, HasSubstr(GetParam().reason));
    EXPECT_EQ(rig.device.state(), P2pDevice::State::Idle);
    return;
  }
  rig.hear("<3>P2P-INVITATION-RESULT status=8");  // forgotten there: formed anew
  answer_all("");
  EXPECT_EQ(rig.device.state(), P2pDevice::State::Connecting);
  EXPECT_FALSE(rig.last<ConnectFailed>());
}

INSTANTIATE_TEST_SUITE_P(P2pDevice, WithoutOneCommand,
                         testing::Values(WithoutCommand{"P2P_STOP_FIND", nullptr, nullptr},
                                         WithoutCommand{"P2P_EXT_LISTEN", nullptr, nullptr},
                                         WithoutCommand{"REMOVE_NETWORK", nullptr, nullptr},
                                         WithoutCommand{"P2P_INVITE persistent", "P2P_CONNECT", nullptr},
                                         WithoutCommand{"P2P_PEER", nullptr, "not in reach"}));

TEST(P2pDevice, EachOrderThatIsNotKnownEndsSomewhere) {
  Rig rig(source());
  rig.connect();
  rig.answer("P2P_CONNECT", kUnknown);
  EXPECT_TRUE(rig.last<ConnectFailed>());
  EXPECT_EQ(rig.device.state(), P2pDevice::State::Idle);

  rig.hear(kOwnGroup);
  rig.hear(kTvJoined);
  rig.events.clear();
  rig.take(rig.device.connect(kLate, command::Button{}, rig.now));
  rig.answer("P2P_INVITE group=", kUnknown);
  EXPECT_EQ(rig.last<ConnectFailed>()->device, kLate);
  EXPECT_EQ(rig.device.state(), P2pDevice::State::Up);  // the group stays
  rig.drain();

  // Answers to these change nothing: cancel, reject, flush, find, provision discovery, the buttons of a
  // group, removal.
  rig.events.clear();
  for (const std::string& text :
       {command::cancel(), command::reject(kTv), command::flush(), command::find(1s),
        command::ask_for_pin(kTv), command::allow_button(kTv), command::allow_pin("12345670"),
        command::remove_group("p2p-wlan0-5"), command::forget_network(3), command::next_peer(kTv)}) {
    for (const auto why :
         {ControlRequest::Why::Order, ControlRequest::Why::Optional, ControlRequest::Why::List}) {
      rig.take(rig.device.answered({.why = why, .text = text}, kUnknown, rig.now));
    }
  }
  EXPECT_TRUE(rig.events.empty());
  EXPECT_TRUE(rig.drain().empty());

  P2pDevice::Options options = source();
  options.owner = true;
  P2pDevice owner(options);
  for (const auto& request : owner.attached(kStart).requests) (void)owner.answered(request, kUnknown, kStart);
  EXPECT_EQ(owner.next_deadline(), kStart + P2pDevice::kGroupRetry);  // and no sooner
}

}  // namespace
}  // namespace wfdcast::discovery
