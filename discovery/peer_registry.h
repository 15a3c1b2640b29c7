#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "discovery/announcement.h"
#include "discovery/check_budget.h"
#include "discovery/token_bucket.h"

namespace wfdcast::discovery {

// A namespace of its own: GCC 12 warns that the enumerator shadows discovery::Cookie.
inline namespace evidence {
// How sure we are that the sighting comes from the device's address.
enum class Proof {
  None,    // no cookie, or a wrong one: anybody on the link may have sent it
  Cookie,  // the sender has echoed the cookie that we sent to its address
  Signed,  // and the beacon is signed with the key that the id is the hash of; the caller has checked it
};
// Whether a probe to the sender would leave at once.
enum class Link {
  Resolved,    // ARP knows the sender
  Unresolved,  // it would wait in the kernel for an ARP answer
};
}  // namespace evidence

// A device in reach.
struct Peer {
  DeviceId id;
  std::string name;   // printable
  Endpoint endpoint;  // sender of its beacons; invitations go there
  int interface_index = 0;
  Role role = Role::PrimarySink;
  SinkState state = SinkState::Available;
  std::uint64_t boot_id = 0;
  std::uint32_t sequence = 0;
  Time last_seen{};
  // Known by a signature, not by the address alone.
  enum class Identity : std::uint8_t { Claimed, Proven, Cloned } identity = Identity::Claimed;
  std::optional<discovery::Cookie> invitation_cookie{};
  bool operator==(const Peer&) const = default;
};
struct PeerAppeared {
  Peer peer;
};
struct PeerChanged {
  Peer peer;
};  // name, port, interface, role, state, or a restart (boot id)
struct PeerRefreshed {
  DeviceId id;
};
struct PeerLost {
  DeviceId id;
};
using PeerEvent = std::variant<PeerAppeared, PeerChanged, PeerRefreshed, PeerLost>;

// Evidence of a device: a beacon and how it came.
struct Sighting {
  Beacon beacon;
  Endpoint sender;
  int interface_index = 0;
  Proof proof = Proof::None;
  Link link = Link::Resolved;
};

// The devices in reach. A device becomes a peer, and stays one for its TTL, by
// sightings that prove its address by a cookie and have a newer sequence; only
// these change it or make it leave. Another address can take its id over only
// after the TTL (PeerLost, then PeerAppeared).
//
// A signature proves the id as well: such a peer takes its id from whoever only
// claims it, and only signed beacons change it. Between two of them (kReverify)
// a beacon that says the same with the cookie alone keeps it in reach. When two
// boards go on to sign for one id, the key was cloned: Identity::Cloned. What a board has signed is not
// believed again, after a restart or a loss neither: its last boot ids and sequences stay known.
//
// Unproven sightings touch nothing,
// not even the TTL: whoever forges them could keep a dead peer alive. They only
// tell the owner whom to probe. Times must not go back.
class PeerRegistry {
 public:
  static constexpr std::size_t kMaxPeersPerAddress = 4;  // one address proves itself, not its ids
  static constexpr std::size_t kMaxUnproven = 4096;      // addresses probed that never echoed
  static constexpr Duration kUnprovenLife = 5s;          // of such an address after its last sighting
  // Probes: in any second at most kMaxProbes. An address that never echoed is
  // tried again when all such addresses have had their share of kRetries.
  static constexpr int kRetries = 1152;
  static constexpr int kMaxProbes = 1536;
  static constexpr Duration kRetryInterval = 500ms;
  // Of those, to addresses that are not resolved. Each takes an entry of the
  // kernel's neighbour table (1,024 in all) and a piece of the socket's send
  // buffer for 3 s: forged ones would fill both, and no probe would leave.
  static constexpr int kMaxUnresolved = 64;
  static constexpr Duration kAskAllInterval = 250ms;
  static constexpr Duration kRefreshInterval = 10s;  // probes of a peer, so that the sink keeps our cookie
  static constexpr Duration kUrgentInterval =
      250ms;  // of an address that has peers, when something new shows
  // Signatures checked: of one address, and in all; after a bad one no more from there for kReverify, unless
  // it is a peer's. A peer whose beacons say nothing new has one checked every kReverify.
  static constexpr int kSignaturesOfAddress = 4, kSignatures = 256;  // a second
  static constexpr Duration kReverify = 10s;
  static constexpr Duration kCloneAlarm = 60s;  // a clone stays one for so long after it last showed
  struct Options {
    std::size_t max_peers = 1024;
    Duration ttl = 5s;
    std::uint16_t sink_port = 0;  // sightings from other UDP ports are ignored; 0: any port will do
  };
  // What was ignored, and why.
  struct Counters {
    std::uint64_t unproven = 0;     // sightings and goodbyes without proof
    std::uint64_t forged = 0;       // address in the beacon is not the sender's, no single host, wrong port
    std::uint64_t stale = 0;        // proven, but not newer than what we know
    std::uint64_t contested = 0;    // proven, but the id is alive at another address
    std::uint64_t refused = 0;      // proven, but there is no room
    std::uint64_t probes_held = 0;  // a probe was due, but too many had been sent
    std::uint64_t unsigned_changes = 0;  // would have changed a peer that signs, but was not signed
    bool operator==(const Counters&) const = default;
  };
  explicit PeerRegistry(Options options);

  [[nodiscard]] std::vector<PeerEvent> sight(const Sighting& sighting, Time now);
  [[nodiscard]] std::vector<PeerEvent> goodbye(const Goodbye& goodbye, const Endpoint& sender, Proof proof,
                                               Time now);
  // Its signatures count no more: it is what it claims to be, like any stranger.
  [[nodiscard]] std::vector<PeerEvent> disown(const DeviceId& id);
  // The peers whose TTL is over, in order of appearance.
  [[nodiscard]] std::vector<PeerEvent> expire(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // Whether this sighting should be answered by a probe with a cookie. To be
  // asked for every sighting, after sight(): a proven peer is probed now and
  // then, which keeps our cookie in the sink. Cookies belong to addresses, so
  // any id behind an address will do. Bounded by address and in all.
  [[nodiscard]] bool probe_wanted(const Sighting& sighting, Time now);
  // Whether the signature of this sighting, which has Proof::Cookie, is worth checking: the sighting would
  // change something, or the last check is old. To be asked before sight(), which gets Proof::Signed when the
  // signature is good; a sighting with a bad one is to be dropped.
  [[nodiscard]] bool signature_wanted(const Sighting& sighting, Time now);
  // Its signature was bad.
  void signature_failed(const Sighting& sighting, Time now) { checks_.failed(sighting.sender.address, now); }

  // Whether all sinks should be asked by a broadcast without a cookie, because
  // some may be behind unresolved addresses: a real one resolves itself for us
  // when it answers, and its answer comes to our own address. True once.
  [[nodiscard]] bool ask_all_wanted(Time now);

  [[nodiscard]] const Peer* find(const DeviceId& id) const;
  // In order of appearance.
  [[nodiscard]] std::vector<const Peer*> peers() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // Addresses remembered: at most kMaxUnproven and those of the peers.
  [[nodiscard]] std::size_t addresses() const { return addresses_.size(); }

 private:
  struct Entry {
    Peer peer;
    std::uint64_t order = 0;  // of appearance
    std::list<DeviceId>::iterator age;
    Time probed{};
    Time verified{};
    // Another board that signed for this id, and when.
    struct Rival {
      std::uint64_t boot_id = 0;
      Time since{}, seen{};
    };
    std::optional<Rival> rival;
    Time cloned{};  // when that was last seen to be so
  };
  // What we know of an address, for the sake of probing it.
  struct Address {
    std::size_t peers = 0;
    Time heard{}, probed{};
  };
  // What an id signed under its last boot ids, the newest last: up to which sequence, and up to which it was
  // heard by its cookie alone.
  struct Boot {
    std::uint64_t id = 0;
    std::uint32_t is_signed = 0, heard = 0;
  };
  using Boots = std::vector<Boot>;
  static constexpr std::size_t kMaxBoots = 8, kMaxSigners = 8192;
  using Entries = std::map<DeviceId, Entry>;

  [[nodiscard]] std::vector<PeerEvent> sight_proven(Entries::iterator found, const Sighting& sighting,
                                                    Time now);
  [[nodiscard]] std::vector<PeerEvent> refresh(Entry& entry, const Sighting& sighting, Time now);
  [[nodiscard]] bool replayed(const Beacon& beacon) const;
  void remember(const Peer& peer, Time now);
  static void note_rival(Entry& entry, std::uint64_t boot_id, Time now);
  [[nodiscard]] bool says_nothing_new(const Entry& entry, const Sighting& sighting) const;
  [[nodiscard]] bool plausible(const Sighting& sighting) const;
  [[nodiscard]] std::vector<PeerEvent> appear(Peer seen, Time now);
  [[nodiscard]] std::vector<PeerEvent> update(Entry& entry, Peer seen, Time now);
  PeerLost lose(Entries::iterator entry);
  void enter_address(Ipv4Address address, Time now);
  void leave_address(Ipv4Address address);

  [[nodiscard]] bool probe_fresh(const Sighting& sighting, Time now);
  [[nodiscard]] bool probe_unproven(Address& known, Link link, Time now);
  [[nodiscard]] bool probe_proven(Address& known, const Sighting& sighting, Time now);
  [[nodiscard]] bool spend_probe(Time now, double reserve);
  [[nodiscard]] bool may_resolve(Link link, Time now);
  void forget_silent_addresses(Time now);

  Options options_;
  Counters counters_;
  Entries entries_;
  std::list<DeviceId> by_age_;  // the one that was silent for longest first
  std::uint64_t appearances_ = 0;
  // Ordered maps: strangers choose the keys, so a hash would need a secret.
  std::map<Ipv4Address, Address> addresses_;
  std::size_t unproven_ = 0;  // of these, without a peer
  std::optional<Time> swept_;
  TokenBucket probes_, resolutions_;
  CheckBudget checks_{
      {.in_all = kSignatures, .burst = 1024, .of_address = kSignaturesOfAddress, .penalty = kReverify}};
  std::map<DeviceId, Boots> signers_;
  bool ask_all_ = false;
  std::optional<Time> asked_all_;
};

}  // namespace wfdcast::discovery
