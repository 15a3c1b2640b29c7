#include "discovery/peer_registry.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace wfdcast::discovery {
namespace {

// Together kMaxProbes in any second: the steady rate leaves a tenth to fresh addresses.
constexpr int kProbeRate = 1280;
// A beacon that was on its way when another address took over is not a sign of life.
constexpr Duration kCloneProof = 500ms;
constexpr int kProbeBurst = PeerRegistry::kMaxProbes - kProbeRate;

std::string shown_name(const Beacon& beacon) {
  const std::string name = printable(beacon.name);
  const std::string_view trimmed = trim(name);
  return trimmed.empty() ? to_string(beacon.id).substr(0, 8) : std::string(trimmed);
}

Peer peer_of(const Sighting& sighting, Time now) {
  return {.id = sighting.beacon.id,
          .name = shown_name(sighting.beacon),
          .endpoint = sighting.sender,
          .interface_index = sighting.interface_index,
          .role = sighting.beacon.information.role,
          .state = sighting.beacon.state,
          .boot_id = sighting.beacon.boot_id,
          .sequence = sighting.beacon.sequence,
          .last_seen = now,
          .identity = sighting.proof == Proof::Signed ? Peer::Identity::Proven : Peer::Identity::Claimed,
          .invitation_cookie = sighting.beacon.invitation_cookie};
}

// The same but for what every beacon changes.
bool looks_alike(const Peer& known, Peer seen) {
  seen.sequence = known.sequence;
  seen.last_seen = known.last_seen;
  seen.identity = known.identity;
  return seen == known;
}

}  // namespace

PeerRegistry::PeerRegistry(Options options)
    : options_(options),
      probes_(kProbeRate, kProbeBurst),
      resolutions_(kMaxUnresolved / 2.0, kMaxUnresolved / 2.0) {}

std::vector<PeerEvent> PeerRegistry::sight(const Sighting& sighting, Time now) {
  if (!plausible(sighting)) {
    ++counters_.forged;
    return {};
  }
  if (sighting.proof == Proof::None) {
    ++counters_.unproven;
    return {};
  }
  if (sighting.proof == Proof::Signed && replayed(sighting.beacon)) {
    ++counters_.stale;
    return {};
  }
  const auto found = entries_.find(sighting.beacon.id);
  if (found == entries_.end()) return appear(peer_of(sighting, now), now);
  return sight_proven(found, sighting, now);
}

// Of the boot id in use only what was signed counts: else who forges a high sequence by the cookie alone
// makes the board look old when it was out of reach. An earlier one has nothing to say but as a clone, which
// goes on from where it was heard last.
bool PeerRegistry::replayed(const Beacon& beacon) const {
  const auto signer = signers_.find(beacon.id);
  if (signer == signers_.end()) return false;
  const Boots& boots = signer->second;
  const auto boot = std::ranges::find(boots, beacon.boot_id, &Boot::id);
  if (boot == boots.end()) return false;
  const bool in_use = boot + 1 == boots.end();
  return beacon.sequence <= (in_use ? boot->is_signed : std::max(boot->is_signed, boot->heard));
}

void PeerRegistry::remember(const Peer& peer, Time now) {
  if (peer.identity == Peer::Identity::Claimed) return;
  checks_.proved(peer.id, peer.endpoint.address, now);
  if (signers_.size() >= kMaxSigners && !signers_.contains(peer.id)) signers_.erase(signers_.begin());
  Boots& boots = signers_[peer.id];
  auto boot = std::ranges::find(boots, peer.boot_id, &Boot::id);
  if (boot == boots.end()) {
    if (boots.size() == kMaxBoots) boots.erase(boots.begin());
    boot = boots.insert(boots.end(), Boot{.id = peer.boot_id});
  }
  boot->is_signed = peer.sequence;
  std::rotate(boot, boot + 1, boots.end());
}

std::vector<PeerEvent> PeerRegistry::sight_proven(Entries::iterator found, const Sighting& sighting,
                                                  Time now) {
  const Peer& known = found->second.peer;
  const bool known_signs = known.identity != Peer::Identity::Claimed;
  const bool signs = sighting.proof == Proof::Signed;
  if (known_signs && !signs) return refresh(found->second, sighting, now);
  if (signs && !known_signs && known.endpoint.address != sighting.sender.address) {
    std::vector<PeerEvent> events{lose(found)};
    std::ranges::move(appear(peer_of(sighting, now), now), std::back_inserter(events));
    return events;
  }
  if (known.endpoint.address != sighting.sender.address) {
    // Both have proven their address, neither the id: the first keeps it while it lives.
    if (now - known.last_seen < options_.ttl) {
      ++counters_.contested;
      if (signs && known.boot_id != sighting.beacon.boot_id)
        note_rival(found->second, sighting.beacon.boot_id, now);
      return {};
    }
    std::vector<PeerEvent> events{lose(found)};
    std::ranges::move(appear(peer_of(sighting, now), now), std::back_inserter(events));
    return events;
  }
  if (known.boot_id == sighting.beacon.boot_id && known.sequence >= sighting.beacon.sequence) {
    ++counters_.stale;
    return {};
  }
  return update(found->second, peer_of(sighting, now), now);
}

void PeerRegistry::note_rival(Entry& entry, std::uint64_t boot_id, Time now) {
  if (!entry.rival || entry.rival->boot_id != boot_id) entry.rival = {boot_id, now, now};
  entry.rival->seen = now;
}

bool PeerRegistry::says_nothing_new(const Entry& entry, const Sighting& sighting) const {
  return looks_alike(entry.peer, peer_of(sighting, entry.peer.last_seen)) &&
         sighting.beacon.sequence > entry.peer.sequence;
}

// By the cookie alone: it keeps the peer in reach, and its sequence stays that of the last signed one, so
// that nobody can make those look old.
std::vector<PeerEvent> PeerRegistry::refresh(Entry& entry, const Sighting& sighting, Time now) {
  if (!says_nothing_new(entry, sighting)) {
    ++counters_.unsigned_changes;
    return {};
  }
  entry.peer.last_seen = now;
  by_age_.splice(by_age_.end(), by_age_, entry.age);
  if (const auto signer = signers_.find(entry.peer.id); signer != signers_.end()) {
    Boot& newest = signer->second.back();
    if (newest.id == sighting.beacon.boot_id) newest.heard = std::max(newest.heard, sighting.beacon.sequence);
  }
  return {PeerRefreshed{entry.peer.id}};
}

bool PeerRegistry::signature_wanted(const Sighting& sighting, Time now) {
  if (!plausible(sighting) || sighting.proof != Proof::Cookie || replayed(sighting.beacon)) return false;
  const auto found = entries_.find(sighting.beacon.id);
  if (found != entries_.end()) {
    const Entry& entry = found->second;
    const bool signs = entry.peer.identity != Peer::Identity::Claimed;
    if (signs && says_nothing_new(entry, sighting) && now - entry.verified < kReverify) return false;
  }
  return checks_.take(sighting.sender.address, now);
}

std::vector<PeerEvent> PeerRegistry::goodbye(const Goodbye& goodbye, const Endpoint& sender, Proof proof,
                                             Time) {
  if (proof == Proof::None) {
    ++counters_.unproven;
    return {};
  }
  const auto found = entries_.find(goodbye.id);
  if (found == entries_.end()) return {};
  const Peer& peer = found->second.peer;
  if (peer.endpoint.address != sender.address) {
    ++counters_.contested;
    return {};
  }
  if (peer.boot_id != goodbye.boot_id || peer.sequence >= goodbye.sequence) {
    ++counters_.stale;
    return {};
  }
  return {lose(found)};
}

std::vector<PeerEvent> PeerRegistry::disown(const DeviceId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.peer.identity == Peer::Identity::Claimed) return {};
  found->second.peer.identity = Peer::Identity::Claimed;
  return {PeerChanged{found->second.peer}};
}

std::vector<PeerEvent> PeerRegistry::expire(Time now) {
  std::vector<Entries::iterator> over;
  for (const DeviceId& id : by_age_) {
    const auto entry = entries_.find(id);
    if (now - entry->second.peer.last_seen < options_.ttl) break;
    over.push_back(entry);
  }
  std::ranges::sort(over, {}, [](Entries::iterator entry) { return entry->second.order; });
  std::vector<PeerEvent> events;
  for (const Entries::iterator entry : over) events.emplace_back(lose(entry));
  forget_silent_addresses(now);
  return events;
}

std::optional<Time> PeerRegistry::next_deadline() const {
  if (by_age_.empty()) return std::nullopt;
  return entries_.at(by_age_.front()).peer.last_seen + options_.ttl;
}

const Peer* PeerRegistry::find(const DeviceId& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.peer;
}

std::vector<const Peer*> PeerRegistry::peers() const {
  std::vector<const Entry*> entries;
  for (const auto& [id, entry] : entries_) entries.push_back(&entry);
  std::ranges::sort(entries, {}, &Entry::order);
  std::vector<const Peer*> peers;
  for (const Entry* entry : entries) peers.push_back(&entry->peer);
  return peers;
}

bool PeerRegistry::plausible(const Sighting& sighting) const {
  const Ipv4Address sender = sighting.sender.address;
  const bool one_host = sender && !sender.is_multicast() && sender != kLimitedBroadcast;
  const bool right_port = options_.sink_port == 0 || sighting.sender.port == options_.sink_port;
  return one_host && right_port && sighting.sender.port != 0 && sighting.beacon.address == sender;
}

std::vector<PeerEvent> PeerRegistry::appear(Peer seen, Time now) {
  const auto known = addresses_.find(seen.endpoint.address);
  const bool crowded = known != addresses_.end() && known->second.peers >= kMaxPeersPerAddress;
  if (crowded || entries_.size() >= options_.max_peers) {
    ++counters_.refused;
    return {};
  }
  enter_address(seen.endpoint.address, now);
  remember(seen, now);
  const auto age = by_age_.insert(by_age_.end(), seen.id);
  const auto entry = entries_.emplace(seen.id, Entry{.peer = std::move(seen),
                                                     .order = appearances_++,
                                                     .age = age,
                                                     .probed = now,
                                                     .verified = now,
                                                     .rival = std::nullopt,
                                                     .cloned = {}});
  return {PeerAppeared{entry.first->second.peer}};
}

std::vector<PeerEvent> PeerRegistry::update(Entry& entry, Peer seen, Time now) {
  if (seen.identity == Peer::Identity::Proven) {
    // A board that has moved or started over is not heard again as what it was: then there are two.
    const bool restarted = entry.peer.boot_id != seen.boot_id;
    const auto& rival = entry.rival;
    const bool other_lives = rival && now - rival->seen < options_.ttl;
    if (other_lives &&
        (restarted ? seen.boot_id == rival->boot_id : rival->seen - rival->since > kCloneProof))
      entry.cloned = now;
    if (restarted) note_rival(entry, entry.peer.boot_id, now);
    if (entry.cloned != Time{} && now - entry.cloned < kCloneAlarm) seen.identity = Peer::Identity::Cloned;
    entry.verified = now;
  }
  remember(seen, now);
  const bool alike = looks_alike(entry.peer, seen) && entry.peer.identity == seen.identity;
  entry.peer = std::move(seen);
  by_age_.splice(by_age_.end(), by_age_, entry.age);
  if (alike) return {PeerRefreshed{entry.peer.id}};
  return {PeerChanged{entry.peer}};
}

PeerLost PeerRegistry::lose(Entries::iterator entry) {
  const DeviceId id = entry->first;
  leave_address(entry->second.peer.endpoint.address);
  by_age_.erase(entry->second.age);
  entries_.erase(entry);
  return {id};
}

void PeerRegistry::enter_address(Ipv4Address address, Time now) {
  const auto [at, fresh] = addresses_.try_emplace(address, Address{.heard = now, .probed = now});
  if (!fresh && at->second.peers == 0) --unproven_;
  ++at->second.peers;
}

void PeerRegistry::leave_address(Ipv4Address address) {
  const auto at = addresses_.find(address);
  if (--at->second.peers == 0) addresses_.erase(at);
}

}  // namespace wfdcast::discovery
