#include "tests/unit/discovery_p2p_rig.h"

namespace wfdcast::discovery {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(P2pDevice, SetsTheSupplicantUpAndPutsItBack) {
  P2pDevice device(sink(AcceptPolicy::Ask));
  const auto step = device.attached(kStart);
  std::vector<std::string> texts;
  for (const auto& request : step.requests) texts.push_back(request.text);
  EXPECT_THAT(texts, Contains("SET device_name Lobby"));
  EXPECT_THAT(texts, Contains("SET device_type 7-0050F204-1"));
  EXPECT_THAT(texts, Contains("WFD_SUBELEM_SET 0 000600111c440032"));
  EXPECT_THAT(texts, Contains("P2P_EXT_LISTEN 500 1130"));
  for (const auto& request : step.requests) {
    if (request.text == "GET device_name") (void)device.answered(request, "Bedroom", kStart);
    if (request.text == "GET manufacturer") (void)device.answered(request, "null", kStart);
    if (request.text == "GET device_type") (void)device.answered(request, "FAIL\n", kStart);
  }
  texts.clear();
  for (const auto& request : device.shut_down().requests) texts.push_back(request.text);
  EXPECT_THAT(texts, Contains("WFD_SUBELEM_SET 0 "));
  EXPECT_THAT(texts, Contains("SET device_name Bedroom"));
  EXPECT_THAT(texts, Contains("SET manufacturer "));
  EXPECT_THAT(texts, Not(Contains(HasSubstr("device_type"))));
  EXPECT_THAT(texts, Contains("P2P_EXT_LISTEN"));
}

TEST(P2pDevice, SaysWhatTheSupplicantCannotDo) {
  P2pDevice device(source());
  for (const auto& request : device.attached(kStart).requests) {
    if (request.why != ControlRequest::Why::Capability) continue;
    const auto step = device.answered(request, "UNKNOWN COMMAND\n", kStart);
    ASSERT_EQ(step.events.size(), 1U);
    EXPECT_EQ(std::get<CapabilityMissing>(step.events.front()).what, request.name);
  }
}

TEST(P2pDevice, LearnsThePeersThatTheSupplicantKnows) {
  Rig rig(source());
  rig.take(
      rig.device.answered({.why = ControlRequest::Why::List, .text = "P2P_PEER FIRST"}, kTvDetails, rig.now));
  EXPECT_THAT(rig.drain(), Contains("P2P_PEER NEXT-42:00:00:00:01:00"));
  EXPECT_EQ(rig.device.peers().size(), 1U);
}

TEST(P2pDevice, KnowsOurOwnBoardsByTheirSerialNumber) {
  Rig rig(source());
  rig.hear(kTvFound);
  EXPECT_EQ(rig.device.peers().at(kTv).make, Make::Unknown);
  rig.answer("P2P_PEER", kTvDetails + "model_name=wfdcast\nserial_number=000102030405060708090a0b0c0d0e0f\n");
  ASSERT_TRUE(rig.device.peers().at(kTv).board);
  EXPECT_EQ(to_string(rig.device.peers().at(kTv).board.value()), "000102030405060708090a0b0c0d0e0f");
  Rig other(source());
  other.hear(kTvFound);
  other.answer("P2P_PEER", kTvDetails + "model_name=X1\nserial_number=000102030405060708090a0b0c0d0e0f\n");
  EXPECT_EQ(other.device.peers().at(kTv).make, Make::Other);
  EXPECT_FALSE(other.device.peers().at(kTv).board);
  Rig unnumbered(source());
  unnumbered.hear(kTvFound);
  unnumbered.answer("P2P_PEER", kTvDetails + "model_name=wfdcast\nserial_number=\n");
  EXPECT_EQ(unnumbered.device.peers().at(kTv).make, Make::Ours) << "its requests tell the model alone";
}

TEST(P2pDevice, ConnectsByButtonAsOwner) {
  Rig rig(source());
  rig.connect();
  EXPECT_THAT(rig.drain(), Contains("P2P_CONNECT 42:00:00:00:01:00 pbc persistent go_intent=7"));
  rig.hear(
      "<3>P2P-GO-NEG-SUCCESS role=GO freq=2412 ht40=0 peer_dev=42:00:00:00:01:00 "
      "peer_iface=46:00:00:00:01:00 wps_method=PBC");
  rig.hear(kOwnGroup);
  ASSERT_TRUE(rig.last<LinkUp>());
  EXPECT_EQ(rig.last<LinkUp>()->group.interface, "p2p-wlan0-5");
  rig.hear(kTvJoined);
  rig.hear(kTvJoined);  // told on two sockets
  ASSERT_EQ(rig.device.group()->members.size(), 1U);
  EXPECT_EQ(rig.device.group()->members.front().interface, kTvInterface);
  EXPECT_EQ(rig.device.state(), P2pDevice::State::Up);
  EXPECT_FALSE(rig.device.next_deadline());
}

TEST(P2pDevice, ConnectsAsClientAndKnowsTheOwner) {
  Rig rig(source());
  rig.connect();
  rig.hear(
      "<3>P2P-GO-NEG-SUCCESS role=client freq=2412 ht40=0 peer_dev=42:00:00:00:01:00 "
      "peer_iface=46:00:00:00:01:00 wps_method=PBC");
  rig.hear(kTvsGroup);
  const auto up = rig.last<LinkUp>();
  ASSERT_TRUE(up);
  EXPECT_EQ(to_string(up->group.address), "192.168.49.2");
  ASSERT_EQ(up->group.members.size(), 1U);
  EXPECT_EQ(up->group.members.front().interface, kTvInterface);
  EXPECT_EQ(up->group.members.front().device, kTv);
}

TEST(P2pDevice, UnknownPeerIsNotInReach) {
  Rig rig(source());
  rig.take(rig.device.connect(kTv, command::Button{}, rig.now));
  rig.answer("P2P_PEER", "FAIL\n");
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("not in reach"));
  EXPECT_EQ(rig.device.state(), P2pDevice::State::Idle);
}

TEST(P2pDevice, ComesUpAgainWithAKnownGroupAndForgetsOneThatIsRefused) {
  Rig rig(source());
  rig.meet_tv();
  rig.take(rig.device.connect(kTv, command::Button{}, rig.now));
  rig.answer("P2P_PEER", kTvDetails + "persistent=3\n");
  EXPECT_THAT(rig.drain(), Contains("P2P_INVITE persistent=3 peer=42:00:00:00:01:00"));
  rig.hear("<3>P2P-INVITATION-RESULT status=8");
  EXPECT_THAT(rig.drain(),
              testing::ElementsAre("REMOVE_NETWORK 3", HasSubstr("P2P_CONNECT 42:00:00:00:01:00 pbc")));
}

TEST(P2pDevice, JoinsAGroupThatRuns) {
  Rig rig(source());
  rig.meet_tv();
  rig.take(rig.device.connect(kTv, command::Button{}, rig.now));
  rig.answer("P2P_PEER", "42:00:00:00:01:00\ngroup_capab=0x1\ninterface_addr=46:00:00:00:01:00\n");
  EXPECT_THAT(rig.drain(), Contains("P2P_CONNECT 42:00:00:00:01:00 pbc join"));
}

TEST(P2pDevice, FailuresAreInWordsAndEndTheAttempt) {
  for (const auto& [line, words] : std::vector<std::pair<std::string, std::string>>{
           {"<3>P2P-GO-NEG-FAILURE status=11", "rejected by its user"},
           {"<3>P2P-GO-NEG-FAILURE status=9", "both insist"},
           {"<3>P2P-GO-NEG-FAILURE status=7", "no radio channel"},
           {"<3>P2P-GO-NEG-FAILURE status=99", "status 99"}}) {
    Rig rig(source());
    rig.connect();
    rig.hear(line);
    ASSERT_TRUE(rig.last<ConnectFailed>()) << line;
    EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr(words));
    EXPECT_EQ(rig.device.state(), P2pDevice::State::Idle);
  }
}

TEST(P2pDevice, AFailedFormationHasOneMoreTry) {
  Rig rig(source());
  rig.connect();
  rig.drain();
  rig.hear("<3>P2P-GROUP-FORMATION-FAILURE ");
  EXPECT_THAT(rig.drain(), Contains(HasSubstr("P2P_CONNECT")));
  rig.hear("<3>P2P-GROUP-FORMATION-FAILURE ");
  EXPECT_THAT(rig.drain(), Not(Contains(HasSubstr("P2P_CONNECT"))));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("could not be formed"));
}

TEST(P2pDevice, ANegotiationThatSomebodyDisturbedHasOneMoreTry) {
  Rig rig(source());
  rig.connect();
  rig.drain();
  rig.hear("<3>P2P-GO-NEG-FAILURE status=-1");
  EXPECT_THAT(rig.drain(), Contains(HasSubstr("P2P_CONNECT")));
  rig.hear("<3>P2P-GO-NEG-FAILURE status=-1");
  EXPECT_THAT(rig.drain(), Not(Contains(HasSubstr("P2P_CONNECT"))));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("did not answer"));
}

TEST(P2pDevice, AWrongPinIsNotTriedAgain) {
  Rig rig(source());
  rig.meet_tv();
  rig.take(rig.device.connect(kTv, command::EnterPin{"12345670"}, rig.now));
  rig.answer("P2P_PEER", kTvDetails + "persistent=3\n");
  EXPECT_THAT(rig.drain(), Contains("P2P_CONNECT 42:00:00:00:01:00 12345670 keypad persistent go_intent=7"));
  rig.hear("<3>P2P-GROUP-FORMATION-FAILURE ");
  EXPECT_THAT(rig.drain(), Not(Contains(HasSubstr("P2P_CONNECT"))));
}

TEST(P2pDevice, APinWithAWrongCheckDigitIsRefusedAtOnce) {
  Rig rig(source());
  rig.take(rig.device.connect(kTv, command::EnterPin{"12345671"}, rig.now));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("check digit"));
  EXPECT_TRUE(rig.drain().empty());
}

TEST(P2pDevice, OurPinIsShown) {
  Rig rig(source());
  rig.meet_tv();
  rig.take(rig.device.connect(kTv, command::ShowPin{}, rig.now));
  rig.answer("P2P_PEER", kTvDetails);
  rig.answer("P2P_CONNECT", "18841923");
  EXPECT_EQ(rig.last<PinShown>()->pin, "18841923");
}

TEST(P2pDevice, GivesUpAndCancelsWhenNobodyAnswers) {
  Rig rig(source());
  rig.connect();
  rig.drain();
  rig.wait(P2pDevice::kConnectTime - 1s);
  EXPECT_EQ(rig.device.state(), P2pDevice::State::Connecting);
  rig.wait(1s);
  EXPECT_THAT(rig.drain(), Contains("P2P_CANCEL"));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("did not answer"));
}

TEST(P2pDevice, OneAtATime) {
  Rig rig(source());
  rig.connect();
  rig.take(rig.device.connect(kLate, command::Button{}, rig.now));
  EXPECT_EQ(rig.last<ConnectFailed>()->device, kLate);
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("busy with connecting to sink"));
  rig.hear(kTvsGroup);
  rig.take(rig.device.connect(kLate, command::Button{}, rig.now));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("leave it first"));
}

TEST(P2pDevice, AnOwnerInvitesMoreAndLetsThemIn) {
  Rig rig(source());
  rig.connect();
  rig.hear(kOwnGroup);
  rig.hear(kTvJoined);
  rig.drain();
  rig.take(rig.device.connect(kLate, command::Button{}, rig.now));
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_INVITE group=p2p-wlan0-5 peer=42:00:00:00:02:00"));
  rig.hear(
      "<3>P2P-PROV-DISC-PBC-REQ 42:00:00:00:02:00 p2p_dev_addr=42:00:00:00:02:00 pri_dev_type=7-0050F204-1 "
      "name='late' "
      "config_methods=0x188 dev_capab=0x25 group_capab=0x0 group=p2p-wlan0-5");
  EXPECT_THAT(rig.drain(), testing::ElementsAre("p2p-wlan0-5: WPS_PBC p2p_dev_addr=42:00:00:00:02:00"));
  rig.hear("<3>AP-STA-CONNECTED 46:00:00:00:02:00 p2p_dev_addr=42:00:00:00:02:00 ip_addr=192.168.49.3");
  EXPECT_EQ(to_string(rig.last<MemberJoined>()->member.address), "192.168.49.3");
  EXPECT_FALSE(rig.device.next_deadline());
  rig.hear("<3>AP-STA-DISCONNECTED 46:00:00:00:02:00 p2p_dev_addr=42:00:00:00:02:00");
  rig.wait(P2pDevice::kReturnTime);
  EXPECT_EQ(rig.last<MemberLeft>()->member.device, kLate);
  EXPECT_TRUE(rig.drain().empty());
  // Made for one peer: it goes with the last.
  rig.hear("<3>AP-STA-DISCONNECTED 46:00:00:00:01:00 p2p_dev_addr=42:00:00:00:01:00");
  EXPECT_TRUE(rig.drain().empty());
  rig.wait(P2pDevice::kReturnTime);
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_GROUP_REMOVE p2p-wlan0-5"));
}

TEST(P2pDevice, WhoComesBackAtOnceHasNotLeft) {
  Rig rig(source());
  rig.connect();
  rig.hear(kOwnGroup);
  rig.hear(kTvJoined);
  rig.drain();
  rig.events.clear();
  rig.hear("<3>AP-STA-DISCONNECTED 46:00:00:00:01:00 p2p_dev_addr=42:00:00:00:01:00");
  rig.hear("<3>AP-STA-DISCONNECTED 46:00:00:00:01:00 p2p_dev_addr=42:00:00:00:01:00");  // told on two sockets
  rig.wait(P2pDevice::kReturnTime - 1ms);
  rig.hear(kTvJoined);
  rig.wait(P2pDevice::kReturnTime);
  EXPECT_TRUE(rig.events.empty());
  EXPECT_TRUE(rig.drain().empty());
  EXPECT_EQ(rig.device.group()->members.size(), 1U);
  EXPECT_FALSE(rig.device.next_deadline());
}

TEST(P2pDevice, ALinkThatIsLostBeforeItWasOfUseHasOneMoreTry) {
  Rig rig(source());
  rig.connect();
  rig.hear(kTvsGroup);
  rig.drain();
  rig.hear("<3>P2P-GROUP-REMOVED p2p-wlan0-1 client reason=IDLE");
  EXPECT_TRUE(rig.last<LinkDown>());
  EXPECT_FALSE(rig.last<ConnectFailed>());
  EXPECT_TRUE(rig.device.connects_to(kTv));
  rig.answer("P2P_PEER", kTvDetails + "persistent=3\n");
  EXPECT_THAT(rig.drain(), Contains("P2P_INVITE persistent=3 peer=42:00:00:00:01:00"));
  rig.hear(kTvsGroup);
  rig.hear("<3>P2P-GROUP-REMOVED p2p-wlan0-1 client reason=IDLE");
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("out of reach"));
  EXPECT_FALSE(rig.device.connects_to(kTv));
}

TEST(P2pDevice, AMemberThatIsLostBeforeItWasOfUseIsAskedOnceMore) {
  Rig rig(source());
  rig.connect();
  rig.hear(kOwnGroup);
  rig.hear(kTvJoined);
  rig.hear("<3>AP-STA-DISCONNECTED 46:00:00:00:01:00 p2p_dev_addr=42:00:00:00:01:00");
  rig.drain();
  rig.wait(P2pDevice::kReturnTime);
  EXPECT_TRUE(rig.device.connects_to(kTv)) << "while the group goes";
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_GROUP_REMOVE p2p-wlan0-5"));
  rig.hear("<3>P2P-GROUP-REMOVED p2p-wlan0-5 GO reason=REQUESTED");
  EXPECT_THAT(rig.drain(), Contains("P2P_PEER 42:00:00:00:01:00"));
  EXPECT_FALSE(rig.last<ConnectFailed>());
}

TEST(P2pDevice, ALinkThatWasOfUseOrIsEndedByHandIsNotTriedAgain) {
  const std::string lost = "<3>P2P-GROUP-REMOVED p2p-wlan0-1 client reason=";
  for (const char* reason : {"GO_ENDING_SESSION", "REQUESTED"}) {
    Rig rig(source());
    rig.connect();
    rig.hear(kTvsGroup);
    rig.hear(lost + reason);
    EXPECT_TRUE(rig.last<ConnectFailed>()) << "whoever waits for a picture hears of it";
    EXPECT_FALSE(rig.device.connects_to(kTv)) << reason;
  }
  Rig played(source());
  played.connect();
  played.hear(kTvsGroup);
  played.take(played.device.set_streaming(true));
  played.hear(lost + "IDLE");
  Rig late(source());
  late.connect();
  late.hear(kTvsGroup);
  late.wait(P2pDevice::kSettling);
  late.hear(lost + "IDLE");
  Rig answered(sink(AcceptPolicy::Button));
  answered.hear(kAsksByButton);
  answered.hear(kTvsGroup);
  answered.hear(lost + "IDLE");
  for (const Rig* rig : {&played, &late, &answered}) {
    EXPECT_FALSE(rig->device.connects_to(kTv));
    EXPECT_FALSE(rig->last<ConnectFailed>());
  }
}

TEST(P2pDevice, AnAcceptedPeerThatBeginsAnewIsAnsweredAnew) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(kAsksByButton);
  const auto answer = rig.drain();
  // It gave up while the two were agreeing, and its next request found us not ready.
  rig.hear("<3>P2P-GO-NEG-FAILURE status=1");
  EXPECT_EQ(rig.drain(), answer);
}

TEST(P2pDevice, AnInvitedPeerThatAsksItsUserIsWaitedFor) {
  Rig rig(source());
  rig.connect();
  rig.hear(kOwnGroup);
  rig.hear(kTvJoined);
  rig.take(rig.device.connect(kLate, command::Button{}, rig.now));
  rig.hear("<3>P2P-INVITATION-RESULT status=1");
  EXPECT_FALSE(rig.last<ConnectFailed>());
  rig.hear("<3>P2P-INVITATION-RESULT status=11");
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("rejected"));
}

TEST(P2pDevice, AsksAPersonWhoThenAcceptsOrRejects) {
  Rig rig(sink(AcceptPolicy::Ask));
  rig.hear(kAsksByButton);
  rig.hear(kAsksByButton);  // it repeats itself
  EXPECT_EQ(std::ranges::count_if(rig.events,
                                  [](const auto& e) { return std::holds_alternative<LinkRequested>(e); }),
            1);
  EXPECT_TRUE(rig.drain().empty());
  rig.take(rig.device.accept(kTv, "", rig.now));
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_CONNECT 42:00:00:00:01:00 pbc persistent go_intent=7"));

  Rig other(sink(AcceptPolicy::Ask));
  other.hear(kAsksByButton);
  other.take(other.device.reject(kTv, other.now));
  EXPECT_THAT(other.drain(), testing::ElementsAre("P2P_REJECT 42:00:00:00:01:00"));
  other.take(other.device.accept(kTv, "", other.now));
  EXPECT_THAT(other.last<ConnectFailed>()->reason, HasSubstr("does not ask"));
  // The refusal is not for ever.
  other.wait(P2pDevice::kRefusalTime);
  EXPECT_THAT(other.drain(), Contains("P2P_FLUSH"));
}

TEST(P2pDevice, AnswersAgainUntilTheNegotiationIsOver) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(kAsksByButton);
  const auto answer = rig.drain();
  for (int i = 0; i < 3; ++i) {
    rig.wait(P2pDevice::kAnswerAgain - 1ms);
    EXPECT_TRUE(rig.drain().empty());
    rig.wait(1ms);
    EXPECT_EQ(rig.device.next_deadline(), rig.now + P2pDevice::kAnswerAgain);
    rig.answer("P2P_CONNECT", "FAIL");  // it may be at it just now
    rig.take(rig.device.tick(rig.now));
    EXPECT_EQ(rig.device.state(), P2pDevice::State::Connecting);
  }
  rig.wait(P2pDevice::kAnswerAgain);
  EXPECT_EQ(rig.drain(), answer);
  rig.hear(
      "<3>P2P-GO-NEG-SUCCESS role=client freq=2412 ht40=0 peer_dev=42:00:00:00:01:00 "
      "peer_iface=46:00:00:00:01:00 wps_method=PBC");
  rig.wait(P2pDevice::kAnswerAgain);
  EXPECT_TRUE(rig.drain().empty());
  rig.wait(P2pDevice::kJoinTime);
  EXPECT_THAT(rig.drain(), Contains("P2P_CANCEL"));
  rig.wait(P2pDevice::kJoinTime);
  EXPECT_TRUE(rig.drain().empty());
}

// Our confirmation was lost: we are through, the peer begins anew, and each refuses what the other one sends.
TEST(P2pDevice, AnswersAgainWhenTheNegotiationWasNotOverForThePeer) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(kAsksByButton);
  rig.drain();
  rig.wait(1s);
  rig.hear(
      "<3>P2P-GO-NEG-SUCCESS role=GO freq=2437 ht40=0 peer_dev=42:00:00:00:01:00 "
      "peer_iface=46:00:00:00:01:00 wps_method=PBC");
  rig.hear("<3>P2P-GO-NEG-FAILURE status=1");
  EXPECT_THAT(rig.drain(), testing::ElementsAre(testing::StartsWith("P2P_CONNECT")));
  for (const char* status : {"1", "-1", "1"}) {
    rig.hear(std::string("<3>P2P-GO-NEG-FAILURE status=") + status);
    EXPECT_EQ(rig.device.state(), P2pDevice::State::Connecting);
    EXPECT_TRUE(rig.drain().empty()) << "not in a loop";
    rig.wait(P2pDevice::kAnswerAgain);
    EXPECT_THAT(rig.drain(), testing::ElementsAre(testing::StartsWith("P2P_CONNECT")));
  }
  rig.wait(P2pDevice::kJoinTime);
  EXPECT_THAT(rig.drain(), Contains("P2P_CANCEL"));
  EXPECT_TRUE(rig.last<ConnectFailed>());
}

TEST(P2pDevice, ConnectingToWhomWeAnswerIsOneConnection) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(kAsksByButton);
  rig.drain();
  rig.take(rig.device.connect(kTv, command::Button{}, rig.now));
  EXPECT_FALSE(rig.last<ConnectFailed>());
  EXPECT_TRUE(rig.drain().empty());
  rig.take(rig.device.connect(kLate, command::Button{}, rig.now));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("busy"));
}

TEST(P2pDevice, AcceptsAButtonByPolicy) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(kAsksByButton);
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_CONNECT 42:00:00:00:01:00 pbc persistent go_intent=7"));
}

TEST(P2pDevice, KnownPeersOnly) {
  Rig rig(sink(AcceptPolicy::Known));
  rig.hear(kAsksByButton);
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_REJECT 42:00:00:00:01:00"));
}

TEST(P2pDevice, WhoReadsOurPinIsLetInWithoutAQuestion) {
  Rig rig(sink(AcceptPolicy::Ask));
  const std::string shown =
      " p2p_dev_addr=42:00:00:00:01:00 pri_dev_type=1-0050F204-1 name='x' config_methods=0x188 "
      "dev_capab=0x25 group_capab=0x0";
  rig.hear("<3>P2P-PROV-DISC-SHOW-PIN 42:00:00:00:01:00 11111111" + shown);
  rig.hear("<3>P2P-PROV-DISC-SHOW-PIN 42:00:00:00:01:00 12345670" + shown);
  EXPECT_EQ(rig.last<PinShown>()->pin, "12345670");
  EXPECT_FALSE(rig.last<LinkRequested>());
  rig.hear("<3>P2P-GO-NEG-REQUEST 42:00:00:00:01:00 dev_passwd_id=1 go_intent=7");
  EXPECT_THAT(rig.drain(),
              testing::ElementsAre("P2P_CONNECT 42:00:00:00:01:00 12345670 display persistent go_intent=7"));
}

TEST(P2pDevice, ItsPinMustBeEnteredHere) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear("<3>P2P-GO-NEG-REQUEST 42:00:00:00:01:00 dev_passwd_id=5 go_intent=15");
  ASSERT_TRUE(rig.last<LinkRequested>());
  EXPECT_TRUE(rig.last<LinkRequested>()->enter_pin);
  rig.take(rig.device.accept(kTv, "", rig.now));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("--pin"));
  rig.take(rig.device.accept(kTv, "12345670", rig.now));
  EXPECT_THAT(rig.drain(),
              testing::ElementsAre("P2P_CONNECT 42:00:00:00:01:00 12345670 keypad persistent go_intent=7"));
}

TEST(P2pDevice, AnInvitationIntoAGroupIsARequestToo) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(
      "<3>P2P-INVITATION-RECEIVED sa=42:00:00:00:01:00 go_dev_addr=42:00:00:00:01:00 bssid=46:00:00:00:01:00 "
      "unknown-network");
  EXPECT_THAT(rig.drain(), testing::ElementsAre("P2P_CONNECT 42:00:00:00:01:00 pbc join"));
}

TEST(P2pDevice, OnlySoManyStrangersMayWait) {
  Rig rig(sink(AcceptPolicy::Ask));
  for (int i = 0; i < 40; ++i) {
    rig.take(rig.device.receive(
        NegotiationRequest{{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(i)}}, Password::Button}, rig.now));
  }
  EXPECT_EQ(rig.device.waiting().size(), P2pDevice::kMaxRequests);
  rig.wait(P2pDevice::kRequestTime);
  EXPECT_TRUE(rig.device.waiting().empty());
}

TEST(P2pDevice, OnlySoManyPeersAreKept) {
  Rig rig(source());
  for (int i = 0; i < 1000; ++i) {
    P2pDeviceSeen seen{
        .address = {},
        .device = {{2, 0, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}},
        .name = "x",
        .wfd = {}};
    rig.take(rig.device.receive(seen, rig.now));
  }
  EXPECT_EQ(rig.device.peers().size(), P2pDevice::kMaxPeers);
}

TEST(P2pDevice, ListensWhileFreeAndNotWhileSomethingPlays) {
  Rig rig(sink(AcceptPolicy::Button));
  rig.hear(kTvsGroup);
  EXPECT_THAT(rig.drain(), Contains("P2P_EXT_LISTEN"));
  rig.take(rig.device.set_streaming(true));
  EXPECT_TRUE(rig.device.find(10s).requests.empty());
  rig.take(rig.device.set_streaming(false));
  rig.hear("<3>P2P-GROUP-REMOVED p2p-wlan0-1 client reason=IDLE");
  EXPECT_THAT(rig.last<LinkDown>()->reason, HasSubstr("out of reach"));
  EXPECT_THAT(rig.drain(), Contains("P2P_EXT_LISTEN 500 1130"));
}

TEST(P2pDevice, AGroupOfOurOwnComesBack) {
  P2pDevice::Options options = source();
  options.owner = true;
  Rig rig(options);
  rig.hear(kOwnGroup);
  rig.hear("<3>P2P-GROUP-REMOVED p2p-wlan0-5 GO reason=UNAVAILABLE");
  rig.drain();
  rig.wait(P2pDevice::kGroupRetry);
  EXPECT_THAT(rig.drain(), Contains("P2P_GROUP_ADD persistent"));
  rig.hear(kOwnGroup);
  rig.take(rig.device.remove_group());
  EXPECT_THAT(rig.drain(), Contains("P2P_GROUP_REMOVE p2p-wlan0-5"));
  rig.hear("<3>P2P-GROUP-REMOVED p2p-wlan0-5 GO reason=REQUESTED");
  EXPECT_FALSE(rig.device.next_deadline());  // a person wanted it gone
}

TEST(P2pDevice, ASupplicantThatDiesTakesEverythingWithIt) {
  Rig rig(source());
  rig.connect();
  rig.take(rig.device.detached(rig.now));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("has gone"));
  EXPECT_TRUE(rig.device.peers().empty());
  EXPECT_FALSE(rig.device.next_deadline());
  rig.take(rig.device.connect(kTv, command::Button{}, rig.now));
  EXPECT_THAT(rig.last<ConnectFailed>()->reason, HasSubstr("no wpa_supplicant"));
  Rig up(source());
  up.hear(kOwnGroup);
  up.take(up.device.detached(up.now));
  EXPECT_EQ(up.last<LinkDown>()->interface, "p2p-wlan0-5");
}

}  // namespace
}  // namespace wfdcast::discovery
