#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "discovery/announcement.h"

namespace wfdcast::discovery {

// How sure we are that the sighting comes from the device's address.
enum class Proof {
  None,    // no cookie, or a wrong one: anybody on the link may have sent it
  Cookie,  // the sender has echoed the cookie that we sent to its address
};

// A device in reach.
struct Peer {
  DeviceId id;
  std::string name;  // printable
  Endpoint endpoint;  // sender of its beacons; invitations go there
  int interface_index = 0;
  Role role = Role::PrimarySink;
  SinkState state = SinkState::Available;
  std::uint64_t boot_id = 0;
  std::uint32_t sequence = 0;
  Time last_seen{};
  bool operator==(const Peer&) const = default;
};
struct PeerAppeared { Peer peer; };
struct PeerChanged { Peer peer; };    // name, address, state
struct PeerRefreshed { DeviceId id; };
struct PeerLost { DeviceId id; };
using PeerEvent = std::variant<PeerAppeared, PeerChanged, PeerRefreshed, PeerLost>;

// Evidence of a device: a beacon and how it came.
struct Sighting {
  Beacon beacon;
  Endpoint sender;
  int interface_index = 0;
  Proof proof = Proof::None;
};

// The devices in reach. One that has proven its address by a cookie stays for
// its TTL, and only proven sightings with a newer sequence can move it, change
// it or make it leave. Unproven ones are not peers yet; the owner probes them
// when probe_wanted() allows.
class PeerRegistry {
 public:
  struct Options {
    std::size_t max_peers = 1024;
    Duration ttl = 5s;
  };
  explicit PeerRegistry(Options options);

  [[nodiscard]] std::vector<PeerEvent> sight(const Sighting& sighting, Time now);
  [[nodiscard]] std::vector<PeerEvent> goodbye(const Goodbye& goodbye, const Endpoint& sender, Proof proof, Time now);
  [[nodiscard]] std::vector<PeerEvent> expire(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // Whether an unproven sighting should be answered by a probe with a cookie.
  // Cookies belong to addresses, so any id behind an address will do.
  // Bounded by address (back-off) and in all.
  [[nodiscard]] bool probe_wanted(const Sighting& sighting, Time now);

  [[nodiscard]] const Peer* find(const DeviceId& id) const;
  // In order of appearance.
  [[nodiscard]] std::vector<const Peer*> peers() const;
};

}  // namespace wfdcast::discovery
