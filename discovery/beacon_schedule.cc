#include "discovery/beacon_schedule.h"

#include <algorithm>
#include <utility>

namespace wfdcast::discovery {

BeaconSchedule::BeaconSchedule(Options options) : options_(std::move(options)), random_(options_.seed) {}

std::vector<Outgoing> BeaconSchedule::set_interfaces(std::vector<InterfaceAddress> interfaces, Time now) {
  if (interfaces == interfaces_) return {};
  interfaces_ = std::move(interfaces);
  // An index without an address has nothing to announce, and it may never come back.
  std::erase_if(sources_, [&](const Source& source) { return !interface_at(source.interface_index); });
  return announce(now);
}

std::vector<Outgoing> BeaconSchedule::set_state(SinkState state, Time now) {
  if (state == state_) return {};
  state_ = state;
  return announce(now);
}

std::vector<Outgoing> BeaconSchedule::answer(const Probe& probe, const Endpoint& source, int interface_index,
                                             Time now) {
  const InterfaceAddress* from = interface_at(interface_index);
  const bool one_host =
      source.address && !source.address.is_multicast() && source.address != kLimitedBroadcast;
  if (!from || !one_host || source.port == 0 || source.address == from->broadcast) return {};
  forget_silent_sources(now);
  Source* known = probe.cookie ? find_source(*probe.cookie, source, interface_index) : nullptr;
  const bool answered = may_answer(known, now);
  if (!known && probe.cookie && sources_.size() < kMaxSources) {
    sources_.push_back({source, interface_index, *probe.cookie, now, std::nullopt});
    known = &sources_.back();
  }
  if (known) known->heard = now;
  if (!answered) return {};
  if (known) known->answered = now;
  ++sequence_;
  const auto copy = probe.cookie ? Outgoing::Copy::Proven : Outgoing::Copy::Broadcast;
  return {{interface_index, source, beacon(*from, probe.cookie, source.address), copy}};
}

std::vector<Outgoing> BeaconSchedule::tick(Time now) {
  if (!next_ || now < *next_) return {};
  return announce(now);
}

std::vector<Outgoing> BeaconSchedule::goodbye(Time) {
  ++sequence_;
  auto farewell = to_all([&](const InterfaceAddress&, const Source* source) {
    return serialize(Goodbye{.id = options_.id,
                             .boot_id = options_.boot_id,
                             .sequence = sequence_,
                             .cookie = source ? std::optional(source->cookie) : std::nullopt});
  });
  next_.reset();
  interfaces_.clear();
  sources_.clear();
  return farewell;
}

std::vector<Outgoing> BeaconSchedule::announce(Time now) {
  next_.reset();
  if (interfaces_.empty()) return {};
  const double stretch = 1 - kJitter + 2 * kJitter * random_.unit();
  next_ = now + std::chrono::duration_cast<Duration>(options_.interval * stretch);
  ++sequence_;
  forget_silent_sources(now);
  if (now - checked_ >= kRecent) {
    oldest_ = std::exchange(checkpoint_, sequence_ - 1);
    checked_ = now;
  }
  return to_all([&](const InterfaceAddress& from, const Source* source) {
    return source ? beacon(from, source->cookie, source->endpoint.address) : beacon(from, std::nullopt, {});
  });
}

template <class Make>
std::vector<Outgoing> BeaconSchedule::to_all(Make make) const {
  std::vector<Outgoing> all;
  for (const InterfaceAddress& interface : interfaces_) {
    auto datagram = make(interface, nullptr);
    if (interface.broadcast && interface.broadcast != kLimitedBroadcast) {
      all.push_back(
          {interface.index, {interface.broadcast, options_.port}, datagram, Outgoing::Copy::Broadcast});
    }
    all.push_back({interface.index,
                   {kLimitedBroadcast, options_.port},
                   std::move(datagram),
                   Outgoing::Copy::Broadcast});
  }
  for (const Source& source : sources_) {
    const InterfaceAddress* from = interface_at(source.interface_index);
    if (from) all.push_back({from->index, source.endpoint, make(*from, &source), Outgoing::Copy::Proven});
  }
  return all;
}

std::vector<std::uint8_t> BeaconSchedule::beacon(const InterfaceAddress& from, std::optional<Cookie> cookie,
                                                 Ipv4Address target) const {
  Beacon beacon{.id = options_.id,
                .name = options_.name,
                .address = from.address,
                .information = options_.information,
                .boot_id = options_.boot_id,
                .sequence = sequence_,
                .state = state_,
                .interval = std::chrono::duration_cast<std::chrono::milliseconds>(options_.interval),
                .cookie = cookie};
  if (cookie && options_.key) {
    beacon.key = options_.key;
    beacon.invitation_cookie = options_.invitation_cookie(target);
  }
  beacon.information.available = state_ == SinkState::Available;
  return serialize(beacon);
}

const InterfaceAddress* BeaconSchedule::interface_at(int index) const {
  const auto found = std::ranges::find(interfaces_, index, &InterfaceAddress::index);
  return found == interfaces_.end() ? nullptr : &*found;
}

bool BeaconSchedule::may_answer(const Source* known, Time now) {
  if (!known) return to_strangers_.take(now);
  return (!known->answered || now - *known->answered >= kAnswerSpacing) && to_known_.take(now);
}

BeaconSchedule::Source* BeaconSchedule::find_source(const Cookie& cookie, const Endpoint& endpoint,
                                                    int interface_index) {
  const auto found = std::ranges::find_if(sources_, [&](const Source& known) {
    return known.endpoint == endpoint && known.cookie == cookie && known.interface_index == interface_index;
  });
  return found == sources_.end() ? nullptr : &*found;
}

void BeaconSchedule::forget_silent_sources(Time now) {
  std::erase_if(sources_, [&](const Source& source) { return now - source.heard >= kSourceLife; });
}

}  // namespace wfdcast::discovery
