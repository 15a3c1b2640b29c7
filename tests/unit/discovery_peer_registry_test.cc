#include "discovery/peer_registry.h"

#include <gtest/gtest.h>

#include "tests/unit/discovery_events.h"

namespace wfdcast::discovery {
namespace {

constexpr Time kStart{1000s};

DeviceId id_of(std::uint32_t n) {
  DeviceId id;
  ByteWriter(id.bytes).u32(n);
  return id;
}
Endpoint host(std::uint32_t n) { return {{Ipv4Address::from_octets(10, 0, 0, 0).value + n}, 7237}; }

Sighting sighting(std::uint32_t id, const Endpoint& sender, std::uint32_t sequence,
                  std::uint64_t boot_id = 1) {
  return {.beacon = {.id = id_of(id),
                     .name = "Lobby",
                     .address = sender.address,
                     .information = {},
                     .boot_id = boot_id,
                     .sequence = sequence,
                     .cookie = {}},
          .sender = sender,
          .interface_index = 3,
          .proof = Proof::Cookie};
}
Sighting unproven(Sighting sighting) {
  sighting.proof = Proof::None;
  return sighting;
}
Goodbye goodbye_of(const Sighting& last) {
  return {.id = last.beacon.id,
          .boot_id = last.beacon.boot_id,
          .sequence = last.beacon.sequence + 1,
          .cookie = {}};
}

TEST(PeerRegistry, AProvenSightingMakesAPeer) {
  PeerRegistry registry({});
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 5), kStart)), "appeared 00000001");
  const Peer* peer = registry.find(id_of(1));
  ASSERT_TRUE(peer);
  EXPECT_EQ(*peer, (Peer{.id = id_of(1),
                         .name = "Lobby",
                         .endpoint = host(1),
                         .interface_index = 3,
                         .role = Role::PrimarySink,
                         .state = SinkState::Available,
                         .boot_id = 1,
                         .sequence = 5,
                         .last_seen = kStart}));
  EXPECT_EQ(registry.find(id_of(2)), nullptr);
}

TEST(PeerRegistry, AnUnprovenSightingMakesNone) {
  PeerRegistry registry({});
  EXPECT_EQ(names(registry.sight(unproven(sighting(1, host(1), 5)), kStart)), "");
  EXPECT_TRUE(registry.peers().empty());
  EXPECT_EQ(registry.next_deadline(), std::nullopt);
  EXPECT_EQ(registry.counters().unproven, 1u);
}

TEST(PeerRegistry, ANewerSightingRefreshes) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 5), kStart);
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 6), kStart + 1s)), "refreshed 00000001");
  EXPECT_EQ(registry.find(id_of(1))->last_seen, kStart + 1s);
  EXPECT_EQ(registry.next_deadline(), kStart + 6s);
}

TEST(PeerRegistry, AnOldOrRepeatedSightingIsIgnored) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 5), kStart);
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 5), kStart + 1s)), "");
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 4), kStart + 1s)), "");
  EXPECT_EQ(registry.next_deadline(), kStart + 5s);
  EXPECT_EQ(registry.counters().stale, 2u);
}

TEST(PeerRegistry, ChangesAreTold) {
  PeerRegistry registry({});
  auto seen = sighting(1, host(1), 5);
  (void)registry.sight(seen, kStart);
  const auto changes = [&](auto change) {
    change(seen);
    ++seen.beacon.sequence;
    return names(registry.sight(seen, kStart + 1s));
  };
  EXPECT_EQ(changes([](Sighting& s) { s.beacon.name = "Hall"; }), "changed 00000001");
  EXPECT_EQ(changes([](Sighting& s) { s.beacon.state = SinkState::Playing; }), "changed 00000001");
  EXPECT_EQ(changes([](Sighting& s) { s.beacon.information.role = Role::Dual; }), "changed 00000001");
  EXPECT_EQ(changes([](Sighting& s) { s.interface_index = 4; }), "changed 00000001");
  EXPECT_EQ(changes([](Sighting& s) { s.sender.port = 9999; }), "changed 00000001");
  EXPECT_EQ(changes([](Sighting& s) { s.beacon.information.max_throughput = 1; }), "refreshed 00000001");
  EXPECT_EQ(registry.find(id_of(1))->name, "Hall");
  EXPECT_EQ(registry.find(id_of(1))->endpoint.port, 9999);
}

TEST(PeerRegistry, ANewBootIdIsARestartWhateverTheSequence) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 500, 9), kStart);
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 1, 3), kStart + 1s)), "changed 00000001");
  EXPECT_EQ(registry.find(id_of(1))->boot_id, 3u);
  EXPECT_EQ(registry.find(id_of(1))->sequence, 1u);
}

TEST(PeerRegistry, UnprovenSightingsTouchNothingOfAPeer) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 5), kStart);
  const Peer before = *registry.find(id_of(1));
  auto forged = unproven(sighting(1, host(1), 6));
  for (const auto sequence : {6u, 0xFFFFFFFFu}) {
    forged.beacon.sequence = sequence;
    EXPECT_EQ(names(registry.sight(forged, kStart + 1s)), "") << "not even the TTL";
  }
  forged.beacon.state = SinkState::Standby;
  forged.beacon.name = "Evil";
  forged.beacon.boot_id = 77;
  EXPECT_EQ(names(registry.sight(forged, kStart + 1s)), "");
  EXPECT_EQ(names(registry.sight(unproven(sighting(1, host(2), 7)), kStart + 1s)), "");
  EXPECT_EQ(*registry.find(id_of(1)), before);
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 6), kStart + 2s)), "refreshed 00000001")
      << "the sequence was not poisoned";
}

TEST(PeerRegistry, AForgerCannotKeepADeadPeerAlive) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 5), kStart);
  for (std::uint32_t i = 1; i < 50; ++i)
    (void)registry.sight(unproven(sighting(1, host(1), 5 + i)), kStart + i * 100ms);
  EXPECT_EQ(names(registry.expire(kStart + 5s)), "lost 00000001");
}

TEST(PeerRegistry, PeerIsLostAtItsTtl) {
  PeerRegistry registry({.ttl = 3s});
  (void)registry.sight(sighting(1, host(1), 5), kStart);
  EXPECT_EQ(registry.next_deadline(), kStart + 3s);
  EXPECT_EQ(names(registry.expire(kStart + 3s - 1ns)), "");
  EXPECT_EQ(names(registry.expire(kStart + 3s)), "lost 00000001");
  EXPECT_EQ(registry.find(id_of(1)), nullptr);
  EXPECT_EQ(registry.next_deadline(), std::nullopt);
}

TEST(PeerRegistry, TheDeadlineIsThatOfTheMostSilentPeer) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 1), kStart);
  (void)registry.sight(sighting(2, host(2), 1), kStart + 1s);
  EXPECT_EQ(registry.next_deadline(), kStart + 5s);
  (void)registry.sight(sighting(1, host(1), 2), kStart + 2s);
  EXPECT_EQ(registry.next_deadline(), kStart + 6s);
  EXPECT_EQ(names(registry.expire(kStart + 6s)), "lost 00000002");
  EXPECT_EQ(registry.next_deadline(), kStart + 7s);
}

TEST(PeerRegistry, OrderIsThatOfAppearance) {
  PeerRegistry registry({});
  for (const std::uint32_t n : {5u, 3u, 9u, 1u}) (void)registry.sight(sighting(n, host(n), 1), kStart);
  (void)registry.sight(sighting(5, host(5), 2), kStart + 100ms);
  std::string order;
  for (const Peer* peer : registry.peers()) order += to_string(peer->id).substr(7, 1);
  EXPECT_EQ(order, "5391");
  EXPECT_EQ(names(registry.expire(kStart + 1min)),
            "lost 00000005, lost 00000003, lost 00000009, lost 00000001");
}

TEST(PeerRegistry, GoodbyeWithProofRemoves) {
  PeerRegistry registry({});
  const auto last = sighting(1, host(1), 5);
  (void)registry.sight(last, kStart);
  EXPECT_EQ(names(registry.goodbye(goodbye_of(last), host(1), Proof::Cookie, kStart + 1s)), "lost 00000001");
  EXPECT_EQ(names(registry.expire(kStart + 1min)), "") << "lost once";
}

TEST(PeerRegistry, ForgedGoodbyesAreIgnored) {
  PeerRegistry registry({});
  const auto last = sighting(1, host(1), 5);
  (void)registry.sight(last, kStart);
  EXPECT_EQ(names(registry.goodbye(goodbye_of(last), host(1), Proof::None, kStart)), "");
  EXPECT_EQ(names(registry.goodbye(goodbye_of(last), host(2), Proof::Cookie, kStart)), "")
      << "another address";
  auto wrong = goodbye_of(last);
  wrong.sequence = 5;
  EXPECT_EQ(names(registry.goodbye(wrong, host(1), Proof::Cookie, kStart)), "") << "replayed";
  wrong = goodbye_of(last);
  wrong.boot_id = 2;
  EXPECT_EQ(names(registry.goodbye(wrong, host(1), Proof::Cookie, kStart)), "") << "of another start";
  wrong = goodbye_of(last);
  wrong.id = id_of(2);
  EXPECT_EQ(names(registry.goodbye(wrong, host(1), Proof::Cookie, kStart)), "") << "unknown";
  EXPECT_TRUE(registry.find(id_of(1)));
  EXPECT_EQ(registry.counters().unproven, 1u);
  EXPECT_EQ(registry.counters().contested, 1u);
  EXPECT_EQ(registry.counters().stale, 2u);
}

TEST(PeerRegistry, OfTwoAddressesWithOneIdTheFirstStaysForItsTtl) {
  PeerRegistry registry({});
  (void)registry.sight(sighting(1, host(1), 5), kStart);
  EXPECT_EQ(names(registry.sight(sighting(1, host(2), 900, 8), kStart + 4999ms)), "");
  EXPECT_EQ(registry.find(id_of(1))->endpoint, host(1));
  EXPECT_EQ(registry.counters().contested, 1u);
  EXPECT_EQ(names(registry.sight(sighting(1, host(2), 901, 8), kStart + 5s)),
            "lost 00000001, appeared 00000001")
      << "even if nobody called expire()";
  EXPECT_EQ(registry.find(id_of(1))->endpoint, host(2));
}

TEST(PeerRegistry, TheAddressInTheBeaconIsTheSenders) {
  PeerRegistry registry({});
  auto forged = sighting(1, host(1), 5);
  forged.beacon.address = host(2).address;
  EXPECT_EQ(names(registry.sight(forged, kStart)), "");
  EXPECT_FALSE(registry.probe_wanted(unproven(forged), kStart));
  EXPECT_EQ(registry.counters().forged, 1u);
}

TEST(PeerRegistry, TheSenderIsOneHost) {
  PeerRegistry registry({.sink_port = 7237});
  for (const Endpoint& sender : {Endpoint{{}, 7237}, Endpoint{kLimitedBroadcast, 7237},
                                 Endpoint{Ipv4Address::from_octets(239, 0, 0, 11), 7237},
                                 Endpoint{host(1).address, 0}, Endpoint{host(1).address, 7236}}) {
    EXPECT_EQ(names(registry.sight(sighting(1, sender, 1), kStart)), "") << to_string(sender);
    EXPECT_FALSE(registry.probe_wanted(unproven(sighting(1, sender, 1)), kStart)) << to_string(sender);
  }
  EXPECT_EQ(registry.addresses(), 0u);
  EXPECT_EQ(names(registry.sight(sighting(1, host(1), 1), kStart)), "appeared 00000001");
}

TEST(PeerRegistry, NewcomersAreRefusedWhenItIsFull) {
  PeerRegistry registry({.max_peers = 3});
  for (std::uint32_t n = 1; n <= 5; ++n) (void)registry.sight(sighting(n, host(n), 1), kStart);
  EXPECT_EQ(registry.peers().size(), 3u);
  EXPECT_TRUE(registry.find(id_of(1)));
  EXPECT_FALSE(registry.find(id_of(4)));
  EXPECT_EQ(registry.counters().refused, 2u);
  EXPECT_EQ(names(registry.sight(sighting(2, host(2), 2), kStart + 1s)), "refreshed 00000002");
  (void)registry.expire(kStart + 5s);
  EXPECT_EQ(names(registry.sight(sighting(4, host(4), 2), kStart + 5s)), "appeared 00000004")
      << "there is room now";
}

TEST(PeerRegistry, OneAddressCannotFillIt) {
  PeerRegistry registry({});
  for (std::uint32_t n = 1; n <= 100; ++n) (void)registry.sight(sighting(n, host(1), 1), kStart);
  EXPECT_EQ(registry.peers().size(), PeerRegistry::kMaxPeersPerAddress);
  EXPECT_EQ(registry.counters().refused, 100 - PeerRegistry::kMaxPeersPerAddress);
  const auto first = sighting(1, host(1), 1);
  (void)registry.goodbye(goodbye_of(first), host(1), Proof::Cookie, kStart);
  EXPECT_EQ(names(registry.sight(sighting(50, host(1), 1), kStart)), "appeared 00000032");
}

TEST(PeerRegistry, NamesAreMadePrintable) {
  PeerRegistry registry({});
  std::uint32_t n = 0;
  const auto shown = [&](std::string name) {
    ++n;
    auto seen = sighting(n, host(n), 1);
    seen.beacon.name = std::move(name);
    (void)registry.sight(seen, kStart);
    return registry.find(id_of(n))->name;
  };
  EXPECT_EQ(shown("\x1B]0;Hör\xE2\x80\xAEsaal\xFF"), "]0;Hörsaal");
  EXPECT_EQ(shown(""), "00000002") << "an empty one becomes the start of the id";
  EXPECT_EQ(shown(" \x01 "), "00000003");
  EXPECT_EQ(shown("  Hall "), "Hall");
}

}  // namespace
}  // namespace wfdcast::discovery
