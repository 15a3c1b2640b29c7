// A source under a flood of forged beacons: real sinks appear within a second,
// and neither vanish nor change nor move. Time is simulated.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/overloaded.h"
#include "base/random.h"
#include "discovery/beacon_schedule.h"
#include "discovery/peer_registry.h"

namespace wfdcast::discovery {
namespace {

constexpr Time kStart{1000s};
constexpr Duration kRoundTrip = 10ms;
constexpr Duration kFloodPeriod = 100us;  // 10,000 a second, of each kind
constexpr std::uint32_t kForgedSenders = 1000;
constexpr std::uint16_t kSinkPort = 7237;

constexpr Ipv4Address kNetwork = Ipv4Address::from_octets(10, 0, 0, 0);
Endpoint host(std::uint32_t n) { return {{kNetwork.value + n}, kSinkPort}; }
const Endpoint kSource = {host(60000).address, 7236};

// The air between one source and its sinks, and a forger on it.
class Air {
 public:
  struct Sink {
    Endpoint endpoint;
    BeaconSchedule schedule;
  };
  // Switches a sink on; the cookie of an address is its number.
  Sink& start_sink(std::uint32_t n, std::uint64_t boot_id) {
    BeaconSchedule::Options options{
        .id = real_id(n), .name = "Lobby", .information = {}, .boot_id = boot_id, .seed = n};
    Sink& sink = sinks_.insert_or_assign(n, Sink{host(n), BeaconSchedule(options)}).first->second;
    deliver(sink, sink.schedule.set_interfaces({{1, sink.endpoint.address, kLimitedBroadcast}}, now_));
    return sink;
  }
  // Forges one beacon from a sender of its own and one with the address `victim`.
  void forge(std::uint32_t victim) {
    sight(forged(host(1 + forgeries_ % kForgedSenders)), Proof::None);
    sight(forged(host(victim)), Proof::None);
    ++forgeries_;
  }
  void run(Duration length, std::optional<std::uint32_t> victim) {
    for (const Time end = now_ + length; now_ < end; now_ += kFloodPeriod) {
      if (victim) forge(*victim);
      for (auto& [n, sink] : sinks_) deliver(sink, sink.schedule.tick(now_));
      while (!probes_.empty() && probes_.front().first <= now_) {
        const auto target = probes_.front().second;
        probes_.pop_front();
        answer(target);
      }
      if (registry_.next_deadline() && *registry_.next_deadline() <= now_) note(registry_.expire(now_));
    }
  }

  static DeviceId real_id(std::uint32_t n) {
    DeviceId id;
    ByteWriter(id.bytes).u32(n);
    return id;
  }
  Time now_ = kStart;
  PeerRegistry registry_{{.sink_port = kSinkPort}};
  std::map<DeviceId, Time> appeared_;
  int lost_ = 0, changed_ = 0;
  std::size_t most_addresses_ = 0, sent_probes_ = 0;

 private:
  Beacon forged(const Endpoint& sender) {
    Beacon beacon;
    beacon.name = "Evil";
    beacon.address = sender.address;
    const std::uint64_t kind = random_.next() % 5;
    if (kind == 0) ByteWriter(beacon.id.bytes).u64(random_.next());
    if (kind != 0) beacon.id = real_id(sender.address.value - kNetwork.value);
    beacon.boot_id = kind == 1 ? random_.next() : 1;
    beacon.sequence = static_cast<std::uint32_t>(random_.next());
    beacon.state = kind == 2 ? SinkState::Standby : SinkState::Available;
    if (kind == 3) beacon.name = "Lobby";
    if (kind == 4) {
      beacon.cookie = Cookie{0xEE};
      note(registry_.goodbye({beacon.id, beacon.boot_id, beacon.sequence, beacon.cookie}, sender, Proof::None,
                             now_));
    }
    return beacon;
  }
  static Cookie cookie_for(Ipv4Address address) {
    Cookie cookie{};
    ByteWriter(cookie).u32(address.value);
    return cookie;
  }
  void deliver(const Sink& sink, const std::vector<Outgoing>& datagrams) {
    for (const auto& outgoing : datagrams) {
      const auto beacon = std::get<Beacon>(parse_announcement(outgoing.datagram).value());
      const bool echoed = beacon.cookie == cookie_for(sink.endpoint.address);
      sight(beacon, echoed ? Proof::Cookie : Proof::None);
    }
  }
  void sight(const Beacon& beacon, Proof proof) {
    const Sighting sighting{beacon, {beacon.address, kSinkPort}, 1, proof};
    note(registry_.sight(sighting, now_));
    if (registry_.probe_wanted(sighting, now_)) {
      probes_.emplace_back(now_ + kRoundTrip, beacon.address);
      ++sent_probes_;
    }
    most_addresses_ = std::max(most_addresses_, registry_.addresses());
  }
  void answer(Ipv4Address target) {
    const auto found = sinks_.find(target.value - kNetwork.value);
    if (found == sinks_.end()) return;
    Sink& sink = found->second;
    deliver(sink, sink.schedule.answer({.id = {{9}}, .cookie = cookie_for(target)}, kSource, 1, now_));
  }
  void note(const std::vector<PeerEvent>& events) {
    for (const auto& event : events) {
      std::visit(overloaded{[&](const PeerAppeared& e) { appeared_.try_emplace(e.peer.id, now_); },
                            [&](const PeerChanged&) { ++changed_; }, [](const PeerRefreshed&) {},
                            [&](const PeerLost&) { ++lost_; }},
                 event);
    }
  }

  Random random_{1};
  std::uint32_t forgeries_ = 0;
  std::map<std::uint32_t, Sink> sinks_;
  std::deque<std::pair<Time, Ipv4Address>> probes_;
};

constexpr std::uint32_t kReal = 5000;  // not one of the forged senders

void expect_calm(const Air& air) {
  EXPECT_EQ(air.lost_, 0);
  EXPECT_EQ(air.changed_, 0);
  for (const Peer* peer : air.registry_.peers()) {
    EXPECT_EQ(peer->name, "Lobby");
    EXPECT_EQ(peer->state, SinkState::Available);
  }
  EXPECT_LE(air.most_addresses_, kForgedSenders + 3);
}

TEST(Flood, ASinkAppearsAtOnceWithoutOne) {
  Air air;
  air.start_sink(kReal, 1);
  air.run(1s, std::nullopt);
  ASSERT_EQ(air.appeared_.count(Air::real_id(kReal)), 1u);
  EXPECT_LE(air.appeared_[Air::real_id(kReal)] - kStart, 2 * kRoundTrip);
}

TEST(Flood, APeerStaysAsItIs) {
  Air air;
  air.start_sink(kReal, 1);
  air.run(1s, std::nullopt);
  air.run(30s, kReal);
  EXPECT_EQ(air.registry_.peers().size(), 1u);
  EXPECT_LE(air.now_ - air.registry_.find(Air::real_id(kReal))->last_seen, 1200ms);
  expect_calm(air);
}

TEST(Flood, ANewSinkAppearsWithinASecondThoughItsAddressWasForgedBefore) {
  for (const Duration before : {Duration(100ms), Duration(1s), Duration(7s), Duration(33s)}) {
    Air air;
    air.run(before, kReal);
    const Time on = air.now_;
    air.start_sink(kReal, 1);
    air.run(2s, kReal);
    ASSERT_EQ(air.appeared_.count(Air::real_id(kReal)), 1u) << before.count();
    EXPECT_LE(air.appeared_[Air::real_id(kReal)] - on, 1s) << before.count();
    expect_calm(air);
  }
}

TEST(Flood, ANewSinkAppearsWithinASecondThoughItIsOneOfTheForgedSenders) {
  Air air;
  air.run(10s, kReal);
  const Time on = air.now_;
  for (const std::uint32_t n : {1u, 500u, 1000u}) air.start_sink(n, 1);
  air.run(2s, kReal);
  for (const std::uint32_t n : {1u, 500u, 1000u}) {
    ASSERT_EQ(air.appeared_.count(Air::real_id(n)), 1u) << n;
    EXPECT_LE(air.appeared_[Air::real_id(n)] - on, 1s) << n;
  }
}

TEST(Flood, ANewSinkAtAnotherAddressAppearsAtOnce) {
  Air air;
  air.start_sink(kReal, 1);
  air.run(10s, kReal);
  const Time on = air.now_;
  for (std::uint32_t n = 6000; n < 6064; ++n) air.start_sink(n, 1);
  air.run(2s, kReal);
  for (std::uint32_t n = 6000; n < 6064; ++n) {
    ASSERT_EQ(air.appeared_.count(Air::real_id(n)), 1u) << n;
    EXPECT_LE(air.appeared_[Air::real_id(n)] - on, 100ms) << n;
  }
}

TEST(Flood, ARestartedSinkIsBackWithinASecond) {
  Air air;
  air.start_sink(kReal, 1);
  air.run(5s, kReal);
  const Time on = air.now_;
  air.start_sink(kReal, 0xB007);
  air.run(1s, kReal);
  EXPECT_EQ(air.registry_.find(Air::real_id(kReal))->boot_id, 0xB007u);
  EXPECT_LE(on - air.registry_.find(Air::real_id(kReal))->last_seen, 1s);
  EXPECT_EQ(air.lost_, 0);
}

TEST(Flood, MemoryAndProbesAreBounded) {
  Air air;
  air.start_sink(kReal, 1);
  air.run(20s, kReal);
  EXPECT_LE(air.registry_.addresses(), kForgedSenders + 1);
  EXPECT_EQ(air.registry_.peers().size(), 1u);
  EXPECT_LE(air.sent_probes_, 20u * PeerRegistry::kMaxProbes);
}

}  // namespace
}  // namespace wfdcast::discovery
