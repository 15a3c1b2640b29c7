#include "daemon/inviter.h"

#include <gtest/gtest.h>

namespace wfdcast::daemon {
namespace {

using discovery::PeerRegistry;
using discovery::SinkState;

constexpr Time kStart = Time(1h);
constexpr Ipv4Address kAddress = Ipv4Address::from_octets(10, 0, 0, 7);

// A registry with one sink, and an Inviter with numbered tokens.
class Inviting : public ::testing::Test {
 protected:
  void see(SinkState state, Time now, Ipv4Address address = kAddress) {
    discovery::Sighting sighting;
    sighting.beacon.id = sink_;
    sighting.beacon.address = address;
    sighting.beacon.boot_id = 1;
    sighting.beacon.sequence = ++sequence_;
    sighting.beacon.state = state;
    sighting.sender = {address, 7237};
    sighting.interface_index = 2;
    sighting.proof = discovery::Proof::Cookie;
    (void)registry_.sight(sighting, now);
    inviter_.peer_changed(sink_, now);
  }
  std::size_t invitations(Time now) { return inviter_.tick(registry_, now).size(); }

  DeviceId sink_{{7}};
  std::uint32_t sequence_ = 0;
  PeerRegistry registry_{PeerRegistry::Options{.ttl = 1h}};
  std::uint8_t tokens_ = 0;
  bool proven_ = true;
  Inviter inviter_{[this] { return InvitationToken{{++tokens_}}; },
                   [this](const discovery::Peer&) { return proven_; }};
};

TEST_F(Inviting, ASinkThatWasLetGoIsInvitedBeforeItSaysThatItIsFree) {
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  ASSERT_EQ(invitations(kStart), 1u);
  inviter_.session_opened(sink_);
  see(SinkState::Playing, kStart + 1s);
  inviter_.let_go(sink_, kStart + 10s);
  EXPECT_FALSE(inviter_.wanted(sink_));
  EXPECT_TRUE(inviter_.was_ours(sink_, kStart + 11s));
  EXPECT_FALSE(inviter_.was_ours(sink_, kStart + 10s + Inviter::kLettingGo))
      << "by then it has said what it does";
  inviter_.want(sink_, kStart + 11s);
  EXPECT_EQ(invitations(kStart + 11s), 1u);
}

TEST_F(Inviting, ASinkThatIsBusyByOurInvitationIsKnown) {
  see(SinkState::Busy, kStart);
  inviter_.want(sink_, kStart);
  EXPECT_EQ(invitations(kStart), 0u);
  EXPECT_FALSE(inviter_.invited(sink_)) << "another source has it";
  see(SinkState::Available, kStart + 1s);
  EXPECT_EQ(invitations(kStart + 1s), 1u);
  see(SinkState::Busy, kStart + 2s);
  EXPECT_TRUE(inviter_.invited(sink_));
  inviter_.forget(sink_);
  EXPECT_FALSE(inviter_.invited(sink_));
}

TEST_F(Inviting, AWantedSinkIsInvitedAtOnceAndAgainUntilItConnects) {
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  EXPECT_EQ(invitations(kStart), 1u);
  EXPECT_EQ(invitations(kStart + 100ms), 0u);
  EXPECT_EQ(invitations(kStart + Inviter::kRepeat), 1u);
  EXPECT_EQ(tokens_, 1) << "a repetition carries the same token";
  inviter_.session_opened(sink_);
  EXPECT_EQ(invitations(kStart + 5s), 0u);
  EXPECT_FALSE(inviter_.next_deadline());
}

TEST_F(Inviting, ATokenIsRedeemedOnceByItsOwnSinkAtItsAddressInTime) {
  const DeviceId other{{8}};
  const InvitationToken token{{1}};
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  ASSERT_EQ(invitations(kStart), 1u);
  EXPECT_FALSE(inviter_.redeem(other, token, kAddress, kStart));
  EXPECT_FALSE(inviter_.redeem(sink_, InvitationToken{{2}}, kAddress, kStart));
  EXPECT_FALSE(inviter_.redeem(sink_, token, Ipv4Address::from_octets(10, 0, 0, 8), kStart));
  EXPECT_FALSE(inviter_.redeem(sink_, token, kAddress, kStart + Inviter::kTokenLife));
  EXPECT_TRUE(inviter_.redeem(sink_, token, kAddress, kStart + 9s));
  EXPECT_FALSE(inviter_.redeem(sink_, token, kAddress, kStart + 9s)) << "single use";
}

TEST_F(Inviting, TheTokenIsBoundToItsAddressAndLivesTenSeconds) {
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  ASSERT_EQ(invitations(kStart), 1u);
  EXPECT_EQ(inviter_.tokens_for(kAddress, kStart + 9s).size(), 1u);
  EXPECT_TRUE(inviter_.tokens_for(Ipv4Address::from_octets(10, 0, 0, 8), kStart).empty());
  EXPECT_TRUE(inviter_.tokens_for(kAddress, kStart + Inviter::kTokenLife).empty());
  inviter_.session_opened(sink_);
  EXPECT_TRUE(inviter_.tokens_for(kAddress, kStart + 1s).empty()) << "single use";
}

TEST_F(Inviting, AnAbsentSinkCostsNoTimerAndIsInvitedWhenItAppears) {
  inviter_.want(sink_, kStart);
  EXPECT_EQ(invitations(kStart), 0u);
  EXPECT_FALSE(inviter_.next_deadline());
  see(SinkState::Available, kStart + 60s);
  EXPECT_EQ(invitations(kStart + 60s), 1u);
}

TEST_F(Inviting, ASinkThatHasProvenNothingIsInvitedWhenItHas) {
  proven_ = false;
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  EXPECT_EQ(invitations(kStart), 0u);
  EXPECT_FALSE(inviter_.next_deadline());
  proven_ = true;
  see(SinkState::Available, kStart + 1s);
  EXPECT_EQ(invitations(kStart + 1s), 1u);
}

TEST_F(Inviting, ASinkOfAnotherSourceIsLeftAlone) {
  see(SinkState::Playing, kStart);
  inviter_.want(sink_, kStart);
  EXPECT_EQ(invitations(kStart), 0u);
  see(SinkState::Available, kStart + 1s);
  EXPECT_EQ(invitations(kStart + 1s), 1u);
}

TEST_F(Inviting, ASinkThatWasOursIsInvitedThoughItStillSaysPlaying) {
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  ASSERT_EQ(invitations(kStart), 1u);
  inviter_.session_opened(sink_);
  see(SinkState::Playing, kStart + 1s);
  inviter_.session_ended(sink_, kStart + 2s);
  EXPECT_EQ(invitations(kStart + 3s), 1u);
  EXPECT_EQ(tokens_, 2) << "a new invitation has a new token";
}

TEST_F(Inviting, FailuresBackOffAndPlayingStartsOver) {
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  Time now = kStart;
  Duration waited{};
  for (int failure = 0; failure < 10; ++failure) {
    ASSERT_EQ(invitations(now), 1u);
    inviter_.session_opened(sink_);
    inviter_.session_ended(sink_, now);
    EXPECT_GE(*inviter_.next_deadline() - now, waited);
    waited = *inviter_.next_deadline() - now;
    now = *inviter_.next_deadline();
  }
  EXPECT_EQ(waited, Inviter::kLongestBackOff);
  ASSERT_EQ(invitations(now), 1u);
  inviter_.session_opened(sink_);
  inviter_.session_played(sink_);
  inviter_.session_ended(sink_, now);
  EXPECT_EQ(*inviter_.next_deadline() - now, 500ms);
}

TEST_F(Inviting, AForgottenSinkIsNotInvited) {
  see(SinkState::Available, kStart);
  inviter_.want(sink_, kStart);
  inviter_.forget(sink_);
  EXPECT_EQ(invitations(kStart), 0u);
  EXPECT_FALSE(inviter_.wanted(sink_));
}

}  // namespace
}  // namespace wfdcast::daemon
