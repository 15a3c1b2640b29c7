// Whom the registry wants probed. A probe is small and its answer is the only
// proof of a real sink, so the aim is not to probe seldom but to share what we
// send fairly: an address that somebody forges all the time may be a real
// sink's next moment, and waits no longer than any other.
#include "discovery/peer_registry.h"

namespace wfdcast::discovery {
namespace {

// Retries leave this many probes to addresses that show for the first time.
constexpr double kFreshReserve = 128;

}  // namespace

bool PeerRegistry::probe_wanted(const Sighting& sighting, Time now) {
  if (!plausible(sighting)) return false;
  const auto found = addresses_.find(sighting.sender.address);
  if (found == addresses_.end()) return probe_fresh(sighting, now);
  found->second.heard = now;
  if (found->second.peers == 0) return probe_unproven(found->second, sighting.link, now);
  return probe_proven(found->second, sighting, now);
}

bool PeerRegistry::ask_all_wanted(Time now) {
  if (!ask_all_ || (asked_all_ && now - *asked_all_ < kAskAllInterval)) return false;
  ask_all_ = false;
  asked_all_ = now;
  return true;
}

// An address that could not be probed for this stays fresh: once it is
// resolved it is probed at once.
bool PeerRegistry::probe_fresh(const Sighting& sighting, Time now) {
  if (!may_resolve(sighting.link, now) || !spend_probe(now, 0)) return false;
  if (unproven_ >= kMaxUnproven) forget_silent_addresses(now);
  // Without room the address stays fresh, and kMaxProbes is the only limit.
  if (unproven_ < kMaxUnproven) {
    addresses_.emplace(sighting.sender.address, Address{.heard = now, .probed = now});
    ++unproven_;
  }
  return true;
}

bool PeerRegistry::probe_unproven(Address& known, Link link, Time now) {
  const Duration share = Duration(1s) * unproven_ / kRetries;
  if (now - known.probed < std::max(kRetryInterval, share)) return false;
  // The last probe may still wait for ARP, and would do so for up to 3 s.
  if (link == Link::Unresolved) ask_all_ = true;
  if (!may_resolve(link, now) || !spend_probe(now, kFreshReserve)) return false;
  known.probed = now;
  return true;
}

// What a forger sends in the name of a peer's address must not use up the
// probes that keep the peer's cookie alive, so these are counted by peer and
// sent for sightings that agree with it only.
bool PeerRegistry::probe_proven(Address& known, const Sighting& sighting, Time now) {
  const auto found = entries_.find(sighting.beacon.id);
  const bool agrees = found != entries_.end() && found->second.peer.endpoint == sighting.sender &&
                      found->second.peer.boot_id == sighting.beacon.boot_id;
  if (!agrees) {
    if (now - known.probed < kUrgentInterval || !spend_probe(now, 0)) return false;
    known.probed = now;
    return true;
  }
  Entry& entry = found->second;
  // Proof overdue: the sink has lost our cookie, or never had room for it.
  const bool overdue = now - entry.peer.last_seen >= options_.ttl / 3;
  const Duration wait = overdue ? kUrgentInterval : kRefreshInterval;
  if (now - entry.probed < wait || !spend_probe(now, 0)) return false;
  entry.probed = now;
  return true;
}

bool PeerRegistry::may_resolve(Link link, Time now) {
  if (link == Link::Resolved || resolutions_.take(now)) return true;
  ask_all_ = true;
  ++counters_.probes_held;
  return false;
}

bool PeerRegistry::spend_probe(Time now, double reserve) {
  if (probes_.take(now, reserve)) return true;
  ++counters_.probes_held;
  return false;
}

void PeerRegistry::forget_silent_addresses(Time now) {
  if (swept_ && now - *swept_ < 1s) return;
  swept_ = now;
  unproven_ -= std::erase_if(addresses_, [&](const auto& known) {
    return known.second.peers == 0 && now - known.second.heard >= kUnprovenLife;
  });
}

}  // namespace wfdcast::discovery
