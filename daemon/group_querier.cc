#include "daemon/group_querier.h"

#include <algorithm>

#include "platform/log.h"
#include "platform/wireless.h"
#include "stream/igmp.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

GroupQuerier::GroupQuerier(platform::EventLoop& loop, const decltype(Config::stream)& config)
    : loop_(loop), config_(config) {}

void GroupQuerier::interfaces_changed(const std::vector<UsableInterface>& usable) {
  if (config_.igmp_querier == IgmpQuerier::Off) return;
  std::erase_if(networks_, [&](const auto& entry) {
    return std::ranges::find(usable, entry.second->interface) == usable.end();
  });
  for (const UsableInterface& interface : usable) {
    if (!networks_.contains(interface.index)) add(interface);
  }
}

void GroupQuerier::add(const UsableInterface& interface) {
  if (platform::is_station(interface.name)) {
    log(Severity::Info, "stream.igmp_querier: {} is a station: its access point has to ask", interface.name);
    return;
  }
  using Mode = stream::IgmpQuerier::Mode;
  const Mode mode = config_.igmp_querier == IgmpQuerier::On ? Mode::Always : Mode::StandIn;
  const stream::IgmpQuerier::Options options{
      .mode = mode, .address = interface.address, .interval = config_.igmp_query_interval};
  auto& slot = networks_[interface.index];
  slot = std::make_unique<Network>(loop_, interface, options,
                                   [this, index = interface.index] { ask(*networks_.at(index)); });
  Network& network = *slot;
  auto socket = platform::IgmpSocket::open(loop_, interface.name, interface.index,
                                           [this, &network](ByteView packet) { heard(network, packet); });
  if (!socket) {
    log(Severity::Warning, "stream.igmp_querier: {}: {}", interface.name, socket.error().message());
    networks_.erase(interface.index);
    return;
  }
  network.socket = std::move(*socket);
  network.timer.set(network.querier.next_deadline());
}

void GroupQuerier::heard(Network& network, ByteView packet) {
  const auto query = stream::parse_igmp_query(packet);
  if (!query || query->group) return;
  const bool asked = !network.querier.silent();
  network.querier.heard(query->querier, loop_.now());
  if (asked && network.querier.silent()) {
    log(Severity::Info, "stream.igmp_querier: {} asks on {}: we do not", to_string(query->querier),
        network.interface.name);
  }
  network.timer.set(network.querier.next_deadline());
}

void GroupQuerier::ask(Network& network) {
  const bool was_silent = network.querier.silent();
  if (network.querier.tick(loop_.now())) {
    if (was_silent) log(Severity::Info, "stream.igmp_querier: we ask on {}", network.interface.name);
    const auto version = config_.ssm ? stream::IgmpVersion::V3 : stream::IgmpVersion::V2;
    const auto query =
        stream::general_query(version, network.querier.response(), config_.igmp_query_interval);
    if (const auto sent = network.socket->send(query.target, query.bytes()); !sent)
      log(Severity::Warning, "stream.igmp_querier: {}: {}", network.interface.name, sent.error().message());
  }
  network.timer.set(network.querier.next_deadline());
}

}  // namespace wfdcast::daemon
