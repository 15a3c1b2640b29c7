// Peers that are known by their signatures: what the registry believes, and what it asks to be checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/peer_registry.h"

namespace wfdcast::discovery {
namespace {

constexpr Time kStart{1h};
constexpr Ipv4Address kHome{0x0a4d000b}, kElsewhere{0x0a4d0042};
const DeviceId kId{{1, 2, 3}};

struct Rig {
  PeerRegistry registry{{.max_peers = 16, .ttl = 5s, .sink_port = 7237}};
  Time now = kStart;

  Sighting sighting(std::uint32_t sequence, Proof proof, Ipv4Address from = kHome,
                    std::uint64_t boot = 1) const {
    Sighting seen;
    seen.beacon.id = kId;
    seen.beacon.name = "Lobby";
    seen.beacon.address = from;
    seen.beacon.information = {.role = Role::PrimarySink, .control_port = 7236};
    seen.beacon.boot_id = boot;
    seen.beacon.sequence = sequence;
    seen.sender = {from, 7237};
    seen.proof = proof;
    return seen;
  }
  std::vector<PeerEvent> see(const Sighting& seen) { return registry.sight(seen, now); }
  bool wanted(const Sighting& seen) { return registry.signature_wanted(seen, now); }
  Peer::Identity identity() const { return registry.find(kId)->identity; }
};

template <class Event>
bool is(const std::vector<PeerEvent>& events) {
  return events.size() == 1 && std::holds_alternative<Event>(events.front());
}

TEST(SignedPeers, ASignatureIsCheckedOnlyWithTheCookie) {
  Rig rig;
  EXPECT_FALSE(rig.wanted(rig.sighting(1, Proof::None)));
  EXPECT_TRUE(rig.wanted(rig.sighting(1, Proof::Cookie)));
}

TEST(SignedPeers, NothingNewIsCheckedNowAndThen) {
  Rig rig;
  EXPECT_TRUE(is<PeerAppeared>(rig.see(rig.sighting(1, Proof::Signed))));
  EXPECT_FALSE(rig.wanted(rig.sighting(2, Proof::Cookie)));
  EXPECT_TRUE(is<PeerRefreshed>(rig.see(rig.sighting(2, Proof::Cookie))));
  EXPECT_EQ(rig.registry.find(kId)->sequence, 1U) << "only a signed one counts";
  rig.now += PeerRegistry::kReverify;
  EXPECT_TRUE(rig.wanted(rig.sighting(12, Proof::Cookie)));
}

TEST(SignedPeers, AChangeIsCheckedAtOnceAndBelievedOnlyWhenSigned) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed));
  Sighting busy = rig.sighting(2, Proof::Cookie);
  busy.beacon.state = SinkState::Busy;
  EXPECT_TRUE(rig.wanted(busy));
  EXPECT_TRUE(rig.see(busy).empty());
  EXPECT_EQ(rig.registry.counters().unsigned_changes, 1U);
  EXPECT_EQ(rig.registry.find(kId)->state, SinkState::Available);
  busy.proof = Proof::Signed;
  EXPECT_TRUE(is<PeerChanged>(rig.see(busy)));
}

TEST(SignedPeers, AReplayIsNotEvenChecked) {
  Rig rig;
  (void)rig.see(rig.sighting(5, Proof::Signed));
  EXPECT_FALSE(rig.wanted(rig.sighting(5, Proof::Cookie)));
  EXPECT_FALSE(rig.wanted(rig.sighting(4, Proof::Cookie)));
  EXPECT_TRUE(rig.see(rig.sighting(4, Proof::Cookie)).empty());
}

// Somebody who reads what is sent to the source plays it again, in the board's name and from its address.
TEST(SignedPeers, WhatWasSignedBeforeARestartIsNoClone) {
  Rig rig;
  (void)rig.see(rig.sighting(9, Proof::Signed));
  (void)rig.see(rig.sighting(12, Proof::Cookie));
  (void)rig.see(rig.sighting(1, Proof::Signed, kHome, 2));
  for (const std::uint32_t sequence : {8U, 9U, 11U, 12U}) {
    rig.now += 1s;
    EXPECT_FALSE(rig.wanted(rig.sighting(sequence, Proof::Cookie))) << sequence;
    EXPECT_TRUE(rig.see(rig.sighting(sequence, Proof::Signed)).empty());
    EXPECT_TRUE(rig.see(rig.sighting(sequence, Proof::Cookie)).empty());
  }
  EXPECT_TRUE(is<PeerRefreshed>(rig.see(rig.sighting(2, Proof::Signed, kHome, 2))));
  EXPECT_EQ(rig.identity(), Peer::Identity::Proven);
}

TEST(SignedPeers, WhatABoardSignedDoesNotBringItBackWhenItIsGone) {
  Rig rig;
  (void)rig.see(rig.sighting(9, Proof::Signed));
  rig.now += 5s;
  ASSERT_TRUE(is<PeerLost>(rig.registry.expire(rig.now)));
  EXPECT_FALSE(rig.wanted(rig.sighting(9, Proof::Cookie)));
  EXPECT_TRUE(rig.see(rig.sighting(9, Proof::Signed)).empty());
  EXPECT_EQ(rig.registry.find(kId), nullptr);
  EXPECT_TRUE(is<PeerAppeared>(rig.see(rig.sighting(10, Proof::Signed)))) << "it is back";
}

TEST(SignedPeers, WhatABoardSignedAtAnAddressItHadDoesNotMoveItBack) {
  Rig rig;
  (void)rig.see(rig.sighting(9, Proof::Signed, kElsewhere));
  rig.now += 6s;
  (void)rig.see(rig.sighting(15, Proof::Signed, kHome));
  ASSERT_EQ(rig.registry.find(kId)->endpoint.address, kHome);
  rig.now += 6s;
  EXPECT_TRUE(rig.see(rig.sighting(9, Proof::Signed, kElsewhere)).empty());
  EXPECT_EQ(rig.registry.find(kId)->endpoint.address, kHome);
}

TEST(SignedPeers, ABoardWithTwoAddressesIsHeardByTheOneItHas) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed));
  for (std::uint32_t sequence = 2; sequence < 20; ++sequence) {  // a round has one sequence
    rig.now += 1s;
    (void)rig.see(rig.sighting(sequence, Proof::Signed, kElsewhere));
    EXPECT_TRUE(is<PeerRefreshed>(rig.see(rig.sighting(sequence, Proof::Signed))));
  }
  EXPECT_EQ(rig.registry.find(kId)->endpoint.address, kHome);
  EXPECT_EQ(rig.identity(), Peer::Identity::Proven);
}

TEST(SignedPeers, WhoHasManyAddressesLeavesSignaturesToOthers) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed));
  int checked = 0;
  for (int round = 0; round < 10; ++round) {
    for (std::uint32_t i = 0; i < 2000; ++i) {  // each with a cookie, none remembered by the registry
      const Sighting forged = rig.sighting(100, Proof::Cookie, {0x0a4e0000 + i}, 7);
      if (!rig.wanted(forged)) continue;
      ++checked;
      rig.registry.signature_failed(forged, rig.now);
    }
    Sighting busy = rig.sighting(2 + static_cast<std::uint32_t>(round), Proof::Cookie);
    busy.beacon.state = SinkState::Busy;
    EXPECT_TRUE(rig.wanted(busy)) << "the real one stays";
    rig.now += 250ms;
  }
  EXPECT_LE(checked, 1024 + 2 * PeerRegistry::kSignatures);
}

TEST(SignedPeers, ChecksAreLimitedForAnAddress) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed));
  int checked = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    Sighting forged = rig.sighting(10 + i, Proof::Cookie);
    forged.beacon.name = "Stolen";
    checked += rig.wanted(forged);
  }
  EXPECT_EQ(checked, PeerRegistry::kSignaturesOfAddress);
  EXPECT_TRUE(is<PeerRefreshed>(rig.see(rig.sighting(2, Proof::Cookie)))) << "the real one stays";
}

TEST(SignedPeers, WhoSignsTakesItsIdFromWhoClaimsIt) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Cookie, kElsewhere));
  EXPECT_EQ(rig.identity(), Peer::Identity::Claimed);
  const auto events = rig.see(rig.sighting(1, Proof::Signed));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<PeerLost>(events[0]) && std::holds_alternative<PeerAppeared>(events[1]));
  EXPECT_EQ(rig.registry.find(kId)->endpoint.address, kHome);
  EXPECT_TRUE(rig.see(rig.sighting(9, Proof::Cookie, kElsewhere)).empty()) << "and cannot lose it so";
}

TEST(SignedPeers, ARestartIsNoClone) {
  Rig rig;
  (void)rig.see(rig.sighting(9, Proof::Signed));
  rig.now += 1s;
  EXPECT_TRUE(is<PeerChanged>(rig.see(rig.sighting(1, Proof::Signed, kHome, 2))));
  EXPECT_EQ(rig.identity(), Peer::Identity::Proven);
  rig.now += 1s;
  Sighting playing = rig.sighting(2, Proof::Signed, kHome, 2);
  playing.beacon.state = SinkState::Playing;
  EXPECT_TRUE(is<PeerChanged>(rig.see(playing)));
  EXPECT_EQ(rig.identity(), Peer::Identity::Proven) << "what it was before its restart was not heard since";
}

TEST(SignedPeers, TwoBoardsWithOneKeyAreSeen) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed));
  for (int second = 0; second < 11 && rig.identity() != Peer::Identity::Cloned; ++second) {
    rig.now += 1s;
    const auto sequence = static_cast<std::uint32_t>(second) + 2;
    (void)rig.see(rig.sighting(sequence, Proof::Signed, kElsewhere, 2));
    const Sighting home = rig.sighting(sequence, Proof::Cookie);
    (void)rig.see(rig.wanted(home) ? rig.sighting(sequence, Proof::Signed) : home);
  }
  EXPECT_EQ(rig.identity(), Peer::Identity::Cloned);
}

TEST(SignedPeers, OneAddressWithTwoBootIdsInTurnIsACloneToo) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed, kHome, 1));
  (void)rig.see(rig.sighting(1, Proof::Signed, kHome, 2));
  EXPECT_EQ(rig.identity(), Peer::Identity::Proven);
  (void)rig.see(rig.sighting(2, Proof::Signed, kHome, 1));
  EXPECT_EQ(rig.identity(), Peer::Identity::Cloned);
}

TEST(SignedPeers, WhoIsNotTrustedAnyMoreOnlyClaims) {
  Rig rig;
  (void)rig.see(rig.sighting(1, Proof::Signed));
  EXPECT_TRUE(is<PeerChanged>(rig.registry.disown(kId)));
  EXPECT_TRUE(rig.registry.disown(kId).empty());
  Sighting busy = rig.sighting(2, Proof::Cookie);
  busy.beacon.state = SinkState::Busy;
  EXPECT_TRUE(is<PeerChanged>(rig.see(busy)));
}

TEST(Sealed, TheSignatureIsTheLastField) {
  std::vector<std::uint8_t> datagram = serialize(Probe{.id = kId, .cookie = std::nullopt});
  EXPECT_FALSE(sealed(datagram));
  const auto message = datagram;
  Signature signature;
  signature.bytes.fill(7);
  append_signature(datagram, signature);
  const auto seal = sealed(datagram);
  ASSERT_TRUE(seal);
  EXPECT_EQ(std::vector<std::uint8_t>(seal->message.begin(), seal->message.end()), message);
  EXPECT_EQ(seal->signature, signature);
  EXPECT_TRUE(parse_announcement(datagram)) << "who does not check it reads the rest";
  datagram.push_back(0);
  EXPECT_FALSE(sealed(datagram));
}

}  // namespace
}  // namespace wfdcast::discovery
