// Which sinks a person means, and whether they can be connected.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "daemon/access.h"
#include "daemon/source_daemon.h"

namespace wfdcast::daemon {

bool SourceDaemon::is_paired(const Target& target) const {
  const discovery::Peer* const peer = target.device ? finder_.registry().find(*target.device) : nullptr;
  return peer && paired(*peer);
}

std::string SourceDaemon::Sink::peer() const {
  if (device) return to_string(*device);
  return p2p ? to_string(*p2p) : to_string(address.address);
}

std::vector<SourceDaemon::Target> SourceDaemon::known_targets() const {
  std::vector<Target> targets;
  for (const discovery::Peer* peer : finder_.registry().peers()) {
    // Its group is gone, but its beacons' life is not over: the way to it is Wi-Fi Direct.
    if (p2p_.shows(peer->id) && !interfaces_.by_index(peer->interface_index)) continue;
    targets.push_back({to_string(peer->id), peer->name, peer->id, peer->endpoint.address});
  }
  for (const auto& [id, sink] : sinks_) {
    const auto same = [&, key = sink.peer()](const Target& target) { return target.key == key; };
    if (std::none_of(targets.begin(), targets.end(), same)) {
      targets.push_back({sink.peer(), sink.name, sink.device, sink.address.address});
    }
  }
  for (const auto& [device, peer] : p2p_.device().peers()) {
    const bool sink = peer.seen.wfd && peer.seen.wfd->role != Role::Source;
    const bool has_row = std::any_of(targets.begin(), targets.end(), [&](const Target& target) {
      return (peer.board && target.device == peer.board) || target.key == to_string(device);
    });
    if (sink && !has_row)
      targets.push_back({to_string(device), p2p_.device().name_of(device), std::nullopt, {}, device});
  }
  return targets;
}

// What the `peers` and `all` parameters of a method name.
Result<std::vector<SourceDaemon::Target>, RpcError> SourceDaemon::targets(const json& params,
                                                                          std::string_view method) const {
  const std::vector<Target> known = known_targets();
  if (params.value("all", false)) {
    if (known.empty()) return fail(failed(fmt::format("{}: no peer is in reach", method)));
    return known;
  }
  std::vector<Target> chosen;
  for (const std::string& wanted : params.value("peers", std::vector<std::string>())) {
    std::vector<Target> found;
    // Those that are paired come first: a stranger may take any name.
    const auto keep_if = [&](auto matches) {
      for (const bool paired : {true, false}) {
        if (!found.empty()) return;
        std::ranges::copy_if(known, std::back_inserter(found), [&](const Target& target) {
          return is_paired(target) == paired && matches(target);
        });
      }
    };
    keep_if([&](const Target& t) { return iequals(t.name, wanted); });
    keep_if([&](const Target& t) { return to_string(t.address) == wanted; });
    keep_if([&](const Target& t) { return wanted.size() >= 4 && t.key.starts_with(to_lower(wanted)); });
    if (found.size() > 1) {
      std::vector<std::string> candidates;
      for (const Target& t : found)
        candidates.push_back(fmt::format("{} ({}, {})", t.name, t.key, to_string(t.address)));
      return fail(
          failed(fmt::format("{}: \"{}\" is ambiguous: {}", method, wanted, fmt::join(candidates, ", "))));
    }
    const auto address = parse_address(wanted);
    if (found.empty() && method == "connect" && address) {
      found.push_back({to_string(*address), wanted, std::nullopt, *address});
    }
    if (found.empty())
      return fail(failed(fmt::format("{}: no peer matches \"{}\"", method, printable(wanted))));
    chosen.push_back(found.front());
  }
  if (chosen.empty())
    return fail(RpcError{RpcError::kBadParams, fmt::format("{}: name a peer, or all", method)});
  return chosen;
}

// Why a sink may not watch on the interface that it is on; empty when it may.
std::string SourceDaemon::not_trusted(const Target& target, const discovery::Peer* peer) const {
  const auto plain = [&](const UsableInterface& interface) {
    return access(interface.name) == Access::Plain;
  };
  if (!peer) {
    if (target.device || std::ranges::any_of(interfaces_.usable(), plain)) return {};
    return "security.mode is \"paired\": plain Wi-Fi Display only on security.open_interfaces";
  }
  const UsableInterface* const interface = interfaces_.by_index(peer->interface_index);
  if (interface && plain(*interface)) return {};
  if (peer->identity == discovery::Peer::Identity::Cloned)
    return "cloned identity: two boards have its key; run wfdctl identity --renew on one, and pair again";
  // One of ours that has not shown it by a signature yet: it will, and is invited then.
  const security::TrustEntry* const entry = environment_.trust.store().find(peer->id);
  if (entry && entry->rights.watch) return {};
  return fmt::format("not paired; run wfdctl pair \"{}\"", target.name);
}

// Why inviting this sink makes no sense; empty when it does.
std::string SourceDaemon::cannot_connect(const Target& target) const {
  if (target.p2p) return {};
  if (interfaces_.usable().empty()) return fmt::format("{}", fmt::join(interfaces_.problems(), ", "));
  const auto* peer = target.device ? finder_.registry().find(*target.device) : nullptr;
  if (const std::string reason = not_trusted(target, peer); !reason.empty()) return reason;
  if (peer && peer->state != discovery::SinkState::Available) {
    const auto mine = std::any_of(sinks_.begin(), sinks_.end(),
                                  [&](const auto& entry) { return entry.second.device == target.device; });
    if (!mine && !inviter_.was_ours(peer->id, loop_.now())) return "busy with another source";
  }
  return {};
}

}  // namespace wfdcast::daemon
