#include "discovery/beacon_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "discovery/peer_registry.h"

namespace wfdcast::discovery {
namespace {

constexpr Time kStart{1000s};
const InterfaceAddress kWlan{3, Ipv4Address::from_octets(192, 168, 1, 20),
                             Ipv4Address::from_octets(192, 168, 1, 255)};
const InterfaceAddress kEth{2, Ipv4Address::from_octets(10, 0, 0, 20),
                            Ipv4Address::from_octets(10, 0, 0, 255)};
const Endpoint kSource{Ipv4Address::from_octets(192, 168, 1, 2), 7236};

BeaconSchedule lobby() {
  return BeaconSchedule({.id = {{1, 2, 3}}, .name = "Lobby", .information = {}, .boot_id = 7, .seed = 1});
}
Cookie cookie(std::uint8_t first) { return {first}; }
Probe probe(std::uint8_t first) { return {.id = {{9}}, .cookie = cookie(first)}; }
Endpoint source(std::uint8_t last) { return {Ipv4Address::from_octets(192, 168, 1, last), 7236}; }

Beacon beacon_in(const Outgoing& outgoing) {
  return std::get<Beacon>(parse_announcement(outgoing.datagram).value());
}
std::vector<std::string> targets(const std::vector<Outgoing>& datagrams) {
  std::vector<std::string> names;
  for (const auto& datagram : datagrams) {
    names.push_back(std::to_string(datagram.interface_index) + " " + to_string(datagram.target));
  }
  return names;
}
const std::vector<std::string> kWlanBroadcasts{"3 192.168.1.255:7236", "3 255.255.255.255:7236"};

TEST(BeaconSchedule, IsSilentWithoutAnAddress) {
  auto schedule = lobby();
  EXPECT_EQ(schedule.next_deadline(), std::nullopt);
  EXPECT_TRUE(schedule.tick(kStart).empty());
  EXPECT_TRUE(schedule.set_state(SinkState::Playing, kStart).empty());
  EXPECT_TRUE(schedule.answer(probe(1), kSource, 3, kStart).empty());
  EXPECT_TRUE(schedule.goodbye(kStart).empty());
  EXPECT_EQ(schedule.next_deadline(), std::nullopt);
}

TEST(BeaconSchedule, AnnouncesANewAddressAtOnce) {
  auto schedule = lobby();
  const auto sent = schedule.set_interfaces({kWlan}, kStart);
  EXPECT_EQ(targets(sent), kWlanBroadcasts);
  for (const auto& outgoing : sent) {
    const Beacon beacon = beacon_in(outgoing);
    EXPECT_EQ(beacon.id, (DeviceId{{1, 2, 3}}));
    EXPECT_EQ(beacon.name, "Lobby");
    EXPECT_EQ(beacon.address, kWlan.address);
    EXPECT_EQ(beacon.boot_id, 7u);
    EXPECT_EQ(beacon.sequence, 1u);
    EXPECT_EQ(beacon.interval, 1s);
    EXPECT_EQ(beacon.cookie, std::nullopt) << "a cookie that everybody sees proves nothing";
  }
}

TEST(BeaconSchedule, EachInterfaceAnnouncesItsOwnAddress) {
  auto schedule = lobby();
  const auto sent = schedule.set_interfaces({kWlan, kEth}, kStart);
  EXPECT_EQ(targets(sent), (std::vector<std::string>{"3 192.168.1.255:7236", "3 255.255.255.255:7236",
                                                     "2 10.0.0.255:7236", "2 255.255.255.255:7236"}));
  EXPECT_EQ(beacon_in(sent[3]).address, kEth.address);
}

TEST(BeaconSchedule, WithoutASubnetBroadcastTheLimitedOneIsUsedOnce) {
  for (const Ipv4Address broadcast : {Ipv4Address{}, kLimitedBroadcast}) {
    auto schedule = lobby();
    EXPECT_EQ(targets(schedule.set_interfaces({{3, kWlan.address, broadcast}}, kStart)),
              (std::vector<std::string>{"3 255.255.255.255:7236"}));
  }
}

TEST(BeaconSchedule, TheSameAddressesAreNoNews) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  const auto deadline = schedule.next_deadline();
  EXPECT_TRUE(schedule.set_interfaces({kWlan}, kStart + 100ms).empty());
  EXPECT_TRUE(schedule.set_state(SinkState::Available, kStart + 100ms).empty());
  EXPECT_EQ(schedule.next_deadline(), deadline);
}

TEST(BeaconSchedule, RepeatsEachIntervalWithJitter) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  Time last = kStart;
  Duration shortest = 10s, longest = 0s, sum = 0s;
  for (std::uint32_t i = 2; i < 1002; ++i) {
    const Time due = schedule.next_deadline().value();
    EXPECT_TRUE(schedule.tick(due - 1ns).empty());
    const auto sent = schedule.tick(due);
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(beacon_in(sent[0]).sequence, i);
    shortest = std::min(shortest, due - last);
    longest = std::max(longest, due - last);
    sum += due - last;
    last = due;
  }
  EXPECT_GE(shortest, 900ms);
  EXPECT_LE(shortest, 910ms);
  EXPECT_GE(longest, 1090ms);
  EXPECT_LE(longest, 1100ms);
  EXPECT_NEAR(std::chrono::duration<double>(sum / 1000).count(), 1.0, 0.01);
}

TEST(BeaconSchedule, ALateTickIsNotMadeUpFor) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  EXPECT_EQ(schedule.tick(kStart + 1h).size(), 2u);
  EXPECT_GE(schedule.next_deadline(), kStart + 1h + 900ms);
}

TEST(BeaconSchedule, AStateIsAnnouncedAtOnce) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  const auto sent = schedule.set_state(SinkState::Playing, kStart + 10ms);
  ASSERT_EQ(targets(sent), kWlanBroadcasts);
  EXPECT_EQ(beacon_in(sent[0]).state, SinkState::Playing);
  EXPECT_EQ(beacon_in(sent[0]).sequence, 2u);
  EXPECT_FALSE(beacon_in(sent[0]).information.available);
  EXPECT_TRUE(beacon_in(schedule.set_state(SinkState::Available, kStart + 20ms)[0]).information.available);
}

TEST(BeaconSchedule, NoAddressAnyMoreIsSilence) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  EXPECT_TRUE(schedule.set_interfaces({}, kStart + 1s).empty());
  EXPECT_EQ(schedule.next_deadline(), std::nullopt);
  EXPECT_TRUE(schedule.tick(kStart + 10s).empty());
  EXPECT_EQ(schedule.set_interfaces({kWlan}, kStart + 11s).size(), 2u) << "the interface is back";
}

TEST(BeaconSchedule, AProbeIsAnsweredAtOnceWithItsCookie) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  const auto sent = schedule.answer(probe(1), kSource, 3, kStart + 1ms);
  EXPECT_EQ(targets(sent), (std::vector<std::string>{"3 192.168.1.2:7236"}));
  EXPECT_EQ(beacon_in(sent.at(0)).cookie, cookie(1));
  EXPECT_EQ(beacon_in(sent.at(0)).sequence, 2u) << "newer than the beacon before";
  const auto later = schedule.tick(schedule.next_deadline().value());
  EXPECT_EQ(targets(later), (std::vector<std::string>{"3 192.168.1.255:7236", "3 255.255.255.255:7236",
                                                      "3 192.168.1.2:7236"}));
  EXPECT_EQ(beacon_in(later.at(0)).cookie, std::nullopt);
  EXPECT_EQ(beacon_in(later.at(2)).cookie, cookie(1));
}

TEST(BeaconSchedule, AProbeWithoutACookieIsAnsweredOnce) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  const auto sent = schedule.answer({.id = {{9}}, .cookie = {}}, kSource, 3, kStart);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(beacon_in(sent[0]).cookie, std::nullopt);
  EXPECT_EQ(targets(schedule.tick(kStart + 2s)), kWlanBroadcasts);
}

TEST(BeaconSchedule, ProbesFromNoSingleHostAreIgnored) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  for (const Endpoint& from :
       {Endpoint{{}, 7236}, Endpoint{kLimitedBroadcast, 7236}, Endpoint{kWlan.broadcast, 7236},
        Endpoint{Ipv4Address::from_octets(239, 0, 0, 11), 7236}, Endpoint{kSource.address, 0}}) {
    EXPECT_TRUE(schedule.answer(probe(1), from, 3, kStart).empty()) << to_string(from);
  }
  EXPECT_TRUE(schedule.answer(probe(1), kSource, 4, kStart).empty())
      << "an interface that we do not announce on";
  EXPECT_EQ(targets(schedule.tick(kStart + 2s)), kWlanBroadcasts);
}

TEST(BeaconSchedule, ASilentSourceIsForgotten) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  (void)schedule.answer(probe(1), kSource, 3, kStart);
  EXPECT_EQ(schedule.tick(kStart + BeaconSchedule::kSourceLife - 1ms).size(), 3u);
  EXPECT_EQ(schedule.tick(kStart + BeaconSchedule::kSourceLife + 2s).size(), 2u);
}

TEST(BeaconSchedule, ASourceThatLosesTwoRefreshesInARowIsNotForgotten) {
  EXPECT_GT(BeaconSchedule::kSourceLife, 3 * PeerRegistry::kRefreshInterval + 2s);
}

TEST(BeaconSchedule, AtMostEightSourcesGetUnicast) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  for (std::uint8_t i = 1; i <= 12; ++i) (void)schedule.answer(probe(i), source(i), 3, kStart + i * 1s);
  const auto sent = schedule.tick(kStart + 14s);
  ASSERT_EQ(sent.size(), 2 + BeaconSchedule::kMaxSources);
  EXPECT_EQ(sent[2].target, source(1)) << "who came first stays";
  EXPECT_EQ(sent.back().target, source(8));
  // Source 1 falls silent, the others go on: its place is free.
  for (std::uint8_t i = 2; i <= 8; ++i)
    (void)schedule.answer(probe(i), source(i), 3, kStart + 30s + i * 250ms);
  (void)schedule.answer(probe(12), source(12), 3, kStart + 37s);
  const auto later = schedule.tick(kStart + 38s);
  ASSERT_EQ(later.size(), 2 + BeaconSchedule::kMaxSources);
  EXPECT_EQ(later.back().target, source(12));
}

TEST(BeaconSchedule, ASourceOfAVanishedInterfaceIsForgotten) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan, kEth}, kStart);
  (void)schedule.answer(probe(1), kSource, 3, kStart);
  EXPECT_EQ(targets(schedule.set_interfaces({kEth}, kStart + 1s)),
            (std::vector<std::string>{"2 10.0.0.255:7236", "2 255.255.255.255:7236"}));
  EXPECT_EQ(schedule.set_interfaces({kWlan, kEth}, kStart + 2s).size(), 4u);
}

TEST(BeaconSchedule, TheCookieFollowsANewAddress) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  (void)schedule.answer(probe(1), kSource, 3, kStart);
  InterfaceAddress renumbered = kWlan;
  renumbered.address.value += 5;
  const auto sent = schedule.set_interfaces({renumbered}, kStart + 1s);
  ASSERT_EQ(sent.size(), 3u);
  for (const auto& outgoing : sent) EXPECT_EQ(beacon_in(outgoing).address, renumbered.address);
}

TEST(BeaconSchedule, GoodbyeGoesToEverybodyAndIsTheLast) {
  auto schedule = lobby();
  (void)schedule.set_interfaces({kWlan}, kStart);
  (void)schedule.answer(probe(1), kSource, 3, kStart);
  const auto sent = schedule.goodbye(kStart + 1s);
  EXPECT_EQ(targets(sent), (std::vector<std::string>{"3 192.168.1.255:7236", "3 255.255.255.255:7236",
                                                     "3 192.168.1.2:7236"}));
  const auto broadcast = std::get<Goodbye>(*parse_announcement(sent.at(0).datagram));
  EXPECT_EQ(broadcast, (Goodbye{.id = {{1, 2, 3}}, .boot_id = 7, .sequence = 3, .cookie = {}}));
  EXPECT_EQ(std::get<Goodbye>(*parse_announcement(sent.at(2).datagram)).cookie, cookie(1));
  EXPECT_EQ(schedule.next_deadline(), std::nullopt);
  EXPECT_TRUE(schedule.tick(kStart + 1h).empty());
  EXPECT_TRUE(schedule.answer(probe(1), kSource, 3, kStart + 2s).empty());
}

// 10,000 forged probes a second for two minutes, in other sources' names, with
// other cookies, and in the real source's own name.
class ProbeFlood : public testing::Test {
 protected:
  std::size_t flood(Time from, Duration length) {
    std::size_t answers = 0;
    for (Time now = from; now < from + length; now += 100us, ++count_) {
      Probe forged{.id = {{9}}, .cookie = Cookie{}};
      for (std::size_t i = 0; i < 8; ++i) (*forged.cookie)[i] = static_cast<std::uint8_t>(count_ >> 8 * i);
      const auto other = static_cast<std::uint8_t>(3 + count_ % 100);
      const Endpoint sender = count_ % 2 == 0 ? kSource : source(other);
      const auto sent = schedule_.answer(forged, sender, 3, now);
      for (const auto& outgoing : sent) note(outgoing, now);
      answers += sent.size();
      if (now >= schedule_.next_deadline()) {
        for (const auto& outgoing : schedule_.tick(now)) unicasts_ += outgoing.target == kSource ? 1 : 0;
      }
    }
    return answers;
  }
  void note(const Outgoing&, Time now) {
    answered_.push_back(now);
    while (now - answered_.front() >= 1s) answered_.pop_front();
    most_ = std::max(most_, answered_.size());
  }

  BeaconSchedule schedule_ = lobby();
  std::uint64_t count_ = 1;
  std::deque<Time> answered_;
  std::size_t most_ = 0, unicasts_ = 0;
};

TEST_F(ProbeFlood, BuysAtMostMaxAnswersASecond) {
  (void)schedule_.set_interfaces({kWlan}, kStart);
  EXPECT_GT(flood(kStart, 10s), 20u);
  EXPECT_LE(most_, std::size_t{BeaconSchedule::kMaxAnswers});
}

TEST_F(ProbeFlood, DoesNotPushOutARealSourceNorChangeItsCookie) {
  (void)schedule_.set_interfaces({kWlan}, kStart);
  ASSERT_EQ(schedule_.answer(probe(1), kSource, 3, kStart).size(), 1u);
  Time now = kStart + 1s;
  for (int round = 0; round < 6; ++round, now += 10s) {
    (void)flood(now, 10s - 1ms);
    const auto answer = schedule_.answer(probe(1), kSource, 3, now + 10s - 1ms);
    ASSERT_EQ(answer.size(), 1u) << "a known source is answered whatever strangers do";
    note(answer[0], now + 10s - 1ms);
    const auto sent =
        schedule_.set_state(round % 2 == 0 ? SinkState::Busy : SinkState::Available, now + 10s - 1ms);
    EXPECT_TRUE(std::ranges::any_of(sent, [](const Outgoing& outgoing) {
      return outgoing.target == kSource && beacon_in(outgoing).cookie == cookie(1);
    }));
  }
  EXPECT_LE(most_, std::size_t{BeaconSchedule::kMaxAnswers});
}

TEST_F(ProbeFlood, OneKnownSourceCannotUseUpTheAnswersOfTheOthers) {
  (void)schedule_.set_interfaces({kWlan}, kStart);
  (void)schedule_.answer(probe(1), source(1), 3, kStart);
  (void)schedule_.answer(probe(2), source(2), 3, kStart);
  std::size_t first = 0;
  for (Time now = kStart + 1s; now < kStart + 11s; now += 1ms) {
    first += schedule_.answer(probe(1), source(1), 3, now).size();
    if ((now - kStart) % 1s == 500ms) {
      EXPECT_EQ(schedule_.answer(probe(2), source(2), 3, now).size(), 1u);
    }
  }
  EXPECT_LE(first, 51u);
}

}  // namespace
}  // namespace wfdcast::discovery
