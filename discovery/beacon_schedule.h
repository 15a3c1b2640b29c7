#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "discovery/announcement.h"

namespace wfdcast::discovery {

// Where one datagram goes: out of the interface with that index.
struct Outgoing {
  int interface_index = 0;
  Endpoint target;
  std::vector<std::uint8_t> datagram;
};

// An IPv4 address of an interface that sinks announce on.
struct InterfaceAddress {
  int index = 0;
  Ipv4Address address, broadcast;  // the subnet's broadcast address
  bool operator==(const InterfaceAddress&) const = default;
};

// When a sink sends which beacon. Broadcasts go to the subnet's and to the
// limited broadcast address of each interface, and to each source that probed
// lately by unicast, with the cookie that it gave. Answers to probes are
// limited: a flood of probes buys at most kMaxAnswers a second.
class BeaconSchedule {
 public:
  static constexpr std::size_t kMaxSources = 8;   // probers that get unicast beacons
  static constexpr int kMaxAnswers = 20;          // to probes, a second
  struct Options {
    DeviceId id;
    std::string name;
    std::uint16_t port = 7236;  // UDP, of the sources
    DeviceInformation information;
    Duration interval = 1s;
    std::uint64_t boot_id = 0;
    std::uint64_t seed = 0;  // of the jitter
  };
  explicit BeaconSchedule(Options options);

  // A change of addresses or state is announced at once. No address: silence.
  [[nodiscard]] std::vector<Outgoing> set_interfaces(std::vector<InterfaceAddress> interfaces, Time now);
  [[nodiscard]] std::vector<Outgoing> set_state(SinkState state, Time now);
  // A probe that came in through `interface_index` from `source`.
  [[nodiscard]] std::vector<Outgoing> answer(const Probe& probe, const Endpoint& source, int interface_index, Time now);
  [[nodiscard]] std::vector<Outgoing> tick(Time now);
  [[nodiscard]] std::vector<Outgoing> goodbye(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] std::uint64_t boot_id() const;
};

}  // namespace wfdcast::discovery
