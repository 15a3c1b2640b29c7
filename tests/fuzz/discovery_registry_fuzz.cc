// Any sequence of sightings, goodbyes and times: sizes stay bounded, and the
// events tell the same story as the registry. Six bytes are one step.
#include <cstdlib>
#include <set>

#include "base/overloaded.h"
#include "discovery/peer_registry.h"

using namespace wfdcast;
using namespace wfdcast::discovery;

namespace {

constexpr std::size_t kMaxPeers = 6;

void require(bool fact) {
  if (!fact) std::abort();
}

// The registry, and what its events have told.
struct Story {
  PeerRegistry registry{{.max_peers = kMaxPeers, .ttl = 3s, .sink_port = 7237}};
  std::set<DeviceId> alive;
  Time now{};

  void follow(const std::vector<PeerEvent>& events) {
    for (const auto& event : events) {
      std::visit(overloaded{[&](const PeerAppeared& e) { require(alive.insert(e.peer.id).second); },
                            [&](const PeerChanged& e) { require(alive.contains(e.peer.id)); },
                            [&](const PeerRefreshed& e) { require(alive.contains(e.id)); },
                            [&](const PeerLost& e) { require(alive.erase(e.id) == 1); }},
                 event);
    }
  }
  void check() const {
    require(alive.size() <= kMaxPeers);
    require(registry.addresses() <= PeerRegistry::kMaxUnproven + alive.size());
    const auto peers = registry.peers();
    require(peers.size() == alive.size());
    std::optional<Time> deadline;
    for (const Peer* peer : peers) {
      require(alive.contains(peer->id) && registry.find(peer->id) == peer && !peer->name.empty());
      deadline = earliest(deadline, peer->last_seen + 3s);
    }
    require(registry.next_deadline() == deadline);
  }
};

Sighting read_sighting(ByteReader& in) {
  Sighting sighting;
  const std::uint8_t who = in.u8();
  const std::uint8_t how = in.u8();
  sighting.beacon.id.bytes[0] = who & 15;
  sighting.sender = {{0x0A000000u + (who >> 4)}, static_cast<std::uint16_t>(how & 1 ? 7236 : 7237)};
  sighting.beacon.address = {sighting.sender.address.value + (how >> 1 & 1)};
  sighting.proof = how & 4 ? Proof::None : Proof::Cookie;
  sighting.beacon.state = how & 8 ? SinkState::Playing : SinkState::Available;
  sighting.beacon.boot_id = how >> 4;
  sighting.beacon.sequence = in.u8();
  return sighting;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  Story story;
  while (true) {
    const std::uint8_t kind = in.u8();
    story.now += in.u16() * 1ms;
    const Sighting sighting = read_sighting(in);
    if (!in.ok()) return 0;
    if (story.registry.next_deadline() <= story.now && kind & 4)
      story.follow(story.registry.expire(story.now));
    switch (kind & 3) {
      case 0:
        story.follow(story.registry.goodbye(
            {sighting.beacon.id, sighting.beacon.boot_id, sighting.beacon.sequence, std::nullopt},
            sighting.sender, sighting.proof, story.now));
        break;
      case 1:
        (void)story.registry.probe_wanted(sighting, story.now);
        break;
      default: {
        const std::size_t before = story.alive.size();
        story.follow(story.registry.sight(sighting, story.now));
        require(sighting.proof == Proof::Cookie || before == story.alive.size());
      }
    }
    story.check();
  }
}
