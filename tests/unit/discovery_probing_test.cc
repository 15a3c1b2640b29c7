#include <gtest/gtest.h>

#include <deque>

#include "discovery/peer_registry.h"

namespace wfdcast::discovery {
namespace {

constexpr Time kStart{1000s};

Endpoint host(std::uint32_t n) { return {{Ipv4Address::from_octets(10, 0, 0, 0).value + n}, 7237}; }
Sighting sighting(std::uint32_t id, const Endpoint& sender, std::uint32_t sequence = 1,
                  std::uint64_t boot_id = 1) {
  Sighting seen;
  seen.sender = sender;
  seen.beacon.name = "x";
  seen.beacon.address = sender.address;
  seen.beacon.boot_id = boot_id;
  ByteWriter(seen.beacon.id.bytes).u32(id);
  seen.beacon.sequence = sequence;
  return seen;
}
Sighting proven(Sighting seen) {
  seen.proof = Proof::Cookie;
  return seen;
}

TEST(PeerProbing, ANewAddressIsProbedAtOnce) {
  PeerRegistry registry({});
  EXPECT_TRUE(registry.probe_wanted(sighting(1, host(1)), kStart));
  EXPECT_TRUE(registry.probe_wanted(sighting(1, host(2)), kStart)) << "the same id elsewhere";
  EXPECT_FALSE(registry.probe_wanted(sighting(2, host(1)), kStart)) << "cookies belong to addresses";
}

Sighting unresolved(Sighting seen) {
  seen.link = Link::Unresolved;
  return seen;
}

TEST(PeerProbing, UnresolvedAddressesAreProbedFewAtATime) {
  PeerRegistry registry({});
  std::deque<Time> sent;
  std::size_t most = 0;
  for (std::uint32_t n = 1; n < 50'000; ++n) {
    const Time now = kStart + n * 100us;
    if (registry.probe_wanted(unresolved(sighting(n, host(n % 1000))), now)) sent.push_back(now);
    while (!sent.empty() && sent.front() <= now - 1s) sent.pop_front();
    most = std::max(most, sent.size());
  }
  EXPECT_LE(most, static_cast<std::size_t>(PeerRegistry::kMaxUnresolved));
  EXPECT_GE(most, static_cast<std::size_t>(PeerRegistry::kMaxUnresolved) / 2);
}

TEST(PeerProbing, AResolvedAddressIsProbedAtOnceThoughItWasHeldBefore) {
  PeerRegistry registry({});
  for (std::uint32_t n = 1; n < 1000; ++n) {
    (void)registry.probe_wanted(unresolved(sighting(n, host(n))), kStart);
  }
  EXPECT_FALSE(registry.probe_wanted(unresolved(sighting(7, host(2000))), kStart));
  EXPECT_TRUE(registry.probe_wanted(sighting(7, host(2000)), kStart));
}

TEST(PeerProbing, AllAreAskedWhileUnresolvedAddressesAreHeldOrDoNotEcho) {
  PeerRegistry registry({});
  ASSERT_TRUE(registry.probe_wanted(unresolved(sighting(1, host(1))), kStart));
  EXPECT_FALSE(registry.ask_all_wanted(kStart)) << "its probe is on the way";
  (void)registry.probe_wanted(unresolved(sighting(1, host(1))), kStart + 500ms);
  EXPECT_TRUE(registry.ask_all_wanted(kStart + 500ms)) << "it has not echoed";
  EXPECT_FALSE(registry.ask_all_wanted(kStart + 500ms));
  int asked = 0;
  for (std::uint32_t n = 1; n < 20'000; ++n) {
    const Time now = kStart + 1s + n * 100us;
    (void)registry.probe_wanted(unresolved(sighting(n, host(n % 1000))), now);
    asked += registry.ask_all_wanted(now) ? 1 : 0;
  }
  EXPECT_EQ(asked, 2s / PeerRegistry::kAskAllInterval);
}

TEST(PeerProbing, ASilentAddressIsTriedAgainTwiceASecond) {
  PeerRegistry registry({});
  int probes = 0;
  for (Time now = kStart; now < kStart + 10s; now += 1ms) {
    probes += registry.probe_wanted(sighting(1, host(1)), now) ? 1 : 0;
  }
  EXPECT_EQ(probes, 20);
}

TEST(PeerProbing, ManySilentAddressesShareTheRetries) {
  PeerRegistry registry({});
  std::size_t probes = 0;
  for (Time now = kStart; now < kStart + 20s; now += 100ms) {
    for (std::uint32_t n = 0; n < 3000; ++n) {
      probes += registry.probe_wanted(sighting(n, host(n + 1)), now) && now >= kStart + 10s ? 1 : 0;
    }
  }
  EXPECT_LE(probes, 10u * PeerRegistry::kRetries);
  EXPECT_GE(probes, 9u * PeerRegistry::kRetries);
}

TEST(PeerProbing, AllAddressesTogetherGetAtMostMaxProbesInAnySecond) {
  PeerRegistry registry({});
  std::deque<Time> sent;
  std::size_t most = 0;
  std::uint32_t n = 0;
  for (Time now = kStart; now < kStart + 5s; now += 50us) {
    ++n;
    if (registry.probe_wanted(sighting(n, host(n)), now)) sent.push_back(now);
    while (!sent.empty() && now - sent.front() >= 1s) sent.pop_front();
    most = std::max(most, sent.size());
  }
  EXPECT_LE(most, std::size_t{PeerRegistry::kMaxProbes});
  EXPECT_GE(most, std::size_t{PeerRegistry::kMaxProbes} * 9 / 10);
  EXPECT_GT(registry.counters().probes_held, 0u);
}

TEST(PeerProbing, RemembersABoundedNumberOfAddresses) {
  PeerRegistry registry({});
  std::uint32_t n = 0;
  std::size_t most = 0;
  for (Time now = kStart; now < kStart + 20s; now += 100us) {
    ++n;
    (void)registry.probe_wanted(sighting(n, host(n)), now);
    most = std::max(most, registry.addresses());
  }
  EXPECT_EQ(most, PeerRegistry::kMaxUnproven);
  // The flood is over, and all of it is forgotten.
  (void)registry.probe_wanted(sighting(1, Endpoint{Ipv4Address::from_octets(10, 200, 0, 1), 7237}),
                              kStart + 40s);
  (void)registry.expire(kStart + 40s);
  EXPECT_LE(registry.addresses(), 1u);
}

TEST(PeerProbing, APeerIsProbedNowAndThenSoThatItKeepsOurCookie) {
  PeerRegistry registry({});
  ASSERT_TRUE(registry.probe_wanted(sighting(1, host(1)), kStart));
  int probes = 0;
  std::uint32_t sequence = 1;
  for (Time now = kStart; now < kStart + 60s; now += 1s) {
    const auto seen = proven(sighting(1, host(1), ++sequence));
    (void)registry.sight(seen, now);
    probes += registry.probe_wanted(seen, now) ? 1 : 0;
    probes += registry.probe_wanted(sighting(1, host(1), sequence), now) ? 1 : 0;  // the broadcast copy
  }
  EXPECT_EQ(probes, 5);
}

TEST(PeerProbing, APeerWhoseProofIsOverdueIsProbedUrgently) {
  PeerRegistry registry({});
  (void)registry.sight(proven(sighting(1, host(1), 1)), kStart);
  EXPECT_FALSE(registry.probe_wanted(sighting(1, host(1), 2), kStart + 1600ms));
  EXPECT_TRUE(registry.probe_wanted(sighting(1, host(1), 3), kStart + 1700ms));
  EXPECT_FALSE(registry.probe_wanted(sighting(1, host(1), 3), kStart + 1900ms));
  EXPECT_TRUE(registry.probe_wanted(sighting(1, host(1), 3), kStart + 1950ms));
}

TEST(PeerProbing, SomethingNewAtAPeersAddressIsProbedAFewTimesASecond) {
  PeerRegistry registry({});
  (void)registry.sight(proven(sighting(1, host(1), 1)), kStart);
  const auto probes_of = [&](auto make, Time from) {
    int probes = 0;
    for (std::uint32_t i = 0; i < 10000; ++i)
      probes += registry.probe_wanted(make(i), from + i * 100us) ? 1 : 0;
    return probes;
  };
  EXPECT_LE(probes_of([](std::uint32_t i) { return sighting(1, host(1), 1, 2 + i); }, kStart + 300ms), 4);
  EXPECT_GE(probes_of([](std::uint32_t i) { return sighting(2 + i, host(1)); }, kStart + 2s), 4);
}

TEST(PeerProbing, ForgeriesDoNotUseUpThePeersOwnProbes) {
  PeerRegistry registry({});
  (void)registry.sight(proven(sighting(1, host(1), 1)), kStart);
  const Endpoint wrong_port{host(1).address, 4711};
  for (Time now = kStart; now < kStart + 1700ms; now += 100us) {
    (void)registry.probe_wanted(sighting(1, wrong_port, 2), now);
    (void)registry.probe_wanted(sighting(7, host(1), 2), now);
  }
  EXPECT_TRUE(registry.probe_wanted(sighting(1, host(1), 2), kStart + 1700ms));
}

TEST(PeerProbing, ALostPeersAddressIsNewAgain) {
  PeerRegistry registry({});
  ASSERT_TRUE(registry.probe_wanted(sighting(1, host(1)), kStart));
  (void)registry.sight(proven(sighting(1, host(1), 1)), kStart);
  (void)registry.expire(kStart + 5s);
  EXPECT_EQ(registry.addresses(), 0u);
  EXPECT_TRUE(registry.probe_wanted(sighting(1, host(1)), kStart + 5s));
}

}  // namespace
}  // namespace wfdcast::discovery
