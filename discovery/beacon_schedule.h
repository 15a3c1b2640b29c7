#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "discovery/announcement.h"
#include "discovery/token_bucket.h"

namespace wfdcast::discovery {

// Where one datagram goes: out of the interface with that index.
struct Outgoing {
  int interface_index = 0;
  Endpoint target;
  std::vector<std::uint8_t> datagram;
  // With a cookie, for one source: the only copies that can be believed, so the only ones to sign.
  enum class Copy : std::uint8_t { Broadcast, Proven } copy = Copy::Broadcast;
};

// An IPv4 address of an interface that sinks announce on.
struct InterfaceAddress {
  int index = 0;
  Ipv4Address address, broadcast;  // the subnet's broadcast address
  bool operator==(const InterfaceAddress&) const = default;
};

// When a sink sends which beacon. Broadcasts go to the subnet's and to the
// limited broadcast address of each interface, without a cookie: one that all
// see proves nothing. Each source that probed lately with a cookie gets a copy
// by unicast that echoes it.
//
// A probe proves nothing about its sender, so what probes buy is limited: a
// source is known by its address and its cookie together (a forged probe cannot
// replace the cookie of a real one), keeps its place while it is heard, and
// loses it after kSourceLife of silence; a newcomer waits for a free place.
// Without a place it still gets an answer to each probe, at most
// kMaxAnswers a second of them all, a share of which is for known sources.
class BeaconSchedule {
 public:
  static constexpr std::size_t kMaxSources = 8;  // probers that get unicast beacons
  static constexpr int kMaxAnswers = 20;         // to probes, in any second
  // A source that hears us probes again every PeerRegistry::kRefreshInterval
  // (10 s), so that it would have to lose three probes to lose its place.
  static constexpr Duration kSourceLife = 35s;
  static constexpr Duration kAnswerSpacing = 200ms;  // to one known source
  static constexpr double kJitter = 0.1;             // of the interval, either way
  struct Options {
    DeviceId id;
    std::string name;
    std::uint16_t port = 7236;  // UDP, of the sources
    DeviceInformation information;
    Duration interval = 1s;
    std::uint64_t boot_id = 0;
    std::uint64_t seed = 0;  // of the jitter
    // Paired mode: our key, and what an invitation from an address must bring back.
    std::optional<PublicKey> key{};
    std::function<Cookie(Ipv4Address)> invitation_cookie{};
  };
  explicit BeaconSchedule(Options options);

  // A change of addresses or state is announced at once. No address: silence.
  [[nodiscard]] std::vector<Outgoing> set_interfaces(std::vector<InterfaceAddress> interfaces, Time now);
  [[nodiscard]] std::vector<Outgoing> set_state(SinkState state, Time now);
  // A probe that came in through `interface_index` from `source`.
  [[nodiscard]] std::vector<Outgoing> answer(const Probe& probe, const Endpoint& source, int interface_index,
                                             Time now);
  [[nodiscard]] std::vector<Outgoing> tick(Time now);
  // Takes leave of everybody; silent from then on.
  [[nodiscard]] std::vector<Outgoing> goodbye(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const { return next_; }
  // Whether a source can have this sequence from a beacon of the last minutes: newer than kRecent to twice
  // that.
  static constexpr Duration kRecent = 60s;
  [[nodiscard]] bool recent(std::uint32_t sequence) const {
    return sequence > oldest_ && sequence <= sequence_;
  }
  [[nodiscard]] std::uint64_t boot_id() const { return options_.boot_id; }

 private:
  // A source that gets unicast beacons.
  struct Source {
    Endpoint endpoint;
    int interface_index = 0;
    Cookie cookie{};
    Time heard{};
    std::optional<Time> answered;
  };
  [[nodiscard]] std::vector<Outgoing> announce(Time now);
  // One datagram for each target: made by `datagram(interface, source)`, with nullptr for the broadcasts.
  template <class Make>
  [[nodiscard]] std::vector<Outgoing> to_all(Make make) const;
  // To an address that sent this cookie, or to all.
  [[nodiscard]] std::vector<std::uint8_t> beacon(const InterfaceAddress& from, std::optional<Cookie> cookie,
                                                 Ipv4Address target) const;
  [[nodiscard]] const InterfaceAddress* interface_at(int index) const;
  [[nodiscard]] bool may_answer(const Source* known, Time now);
  [[nodiscard]] Source* find_source(const Cookie& cookie, const Endpoint& endpoint, int interface_index);
  void forget_silent_sources(Time now);

  Options options_;
  Random random_;
  SinkState state_ = SinkState::Available;
  std::uint32_t sequence_ = 0;
  std::uint32_t oldest_ = 0, checkpoint_ = 0;  // sequences of kRecent ago
  Time checked_{};
  std::vector<InterfaceAddress> interfaces_;
  std::vector<Source> sources_;
  TokenBucket to_known_{6, 4}, to_strangers_{6, 4};  // together kMaxAnswers
  std::optional<Time> next_;
};

}  // namespace wfdcast::discovery
