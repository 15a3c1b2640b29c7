// What Wi-Fi Direct answers on the control socket.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "daemon/p2p_link.h"
#include "daemon/rpc_values.h"

namespace wfdcast::daemon {

using discovery::GroupRole;
using discovery::P2pDevice;
namespace command = discovery::command;

namespace {

constexpr double kFindSeconds = 60;

std::string_view role_text(Role role) {
  switch (role) {
    case Role::Source:
      return "source";
    case Role::PrimarySink:
    case Role::SecondarySink:
      return "sink";
    case Role::Dual:
      return "dual";
  }
  return "";
}

std::string_view state_text(P2pDevice::State state) {
  switch (state) {
    case P2pDevice::State::Detached:
      return "down";
    case P2pDevice::State::Idle:
      return "idle";
    case P2pDevice::State::Connecting:
      return "connecting";
    case P2pDevice::State::Up:
      return "up";
  }
  return "";
}

}  // namespace

void P2pLink::bind(MethodTable& methods) {
  methods.bind_answer("p2p_find", [this](const json& params) -> Result<json, RpcError> {
    if (const auto error = unusable("p2p_find")) return fail(*error);
    const double seconds = params.value("seconds", kFindSeconds);
    if (seconds < 0 || seconds > 3600) return fail(failed("p2p_find: seconds must be 0 to 3600"));
    const auto step =
        seconds > 0 ? device_.find(std::chrono::seconds(static_cast<int>(seconds))) : device_.stop_finding();
    if (step.requests.empty())
      return fail(failed("p2p_find: not while something plays: scanning would disturb it"));
    carry_out(step);
    return json{{"result", seconds > 0 ? "finding" : "stopped"}};
  });
  methods.bind_answer("p2p_peers", [this](const json&) { return peer_rows({}); });
  methods.bind("p2p_connect", [this](Call& call) { connect_method(call); });
  methods.bind_answer("p2p_pin", [this](const json& params) -> Result<json, RpcError> {
    if (const auto error = unusable("p2p_pin")) return fail(*error);
    const auto peer = find_peer(params, "p2p_pin", everybody());
    if (!peer) return fail(peer.error());
    apply(&P2pDevice::ask_for_pin, *peer);
    return json{{"peer", to_string(*peer)}, {"name", device_.name_of(*peer)}, {"result", "asked"}};
  });
  methods.bind_answer("p2p_disconnect", [this](const json&) -> Result<json, RpcError> {
    if (device_.state() != P2pDevice::State::Up && device_.state() != P2pDevice::State::Connecting) {
      return fail(failed("p2p_disconnect: there is no group"));
    }
    apply(&P2pDevice::cancel, loop_.now());
    apply(&P2pDevice::remove_group);
    return json{{"result", "disconnected"}};
  });
  methods.bind_answer("p2p_group", [this](const json& params) { return group_method(params); });
  for (const std::string_view method : {"accept", "reject"}) {
    methods.bind_answer(method,
                        [this, method](const json& params) { return answer_request(params, method); });
  }
}

std::optional<RpcError> P2pLink::unusable(std::string_view method) const {
  if (!control_) return failed(fmt::format("{}: Wi-Fi Direct is off (wifi.control, wifi.p2p)", method));
  if (device_.state() == P2pDevice::State::Detached) return failed(fmt::format("{}: {}", method, problem()));
  return std::nullopt;
}

json P2pLink::group_row() const {
  const auto& group = device_.group();
  if (!group) return nullptr;
  json members = json::array();
  for (const auto& member : group->members) {
    const Ipv4Address address = address_of(member.device);
    members.push_back({{"peer", to_string(member.device)},
                       {"name", device_.name_of(member.device)},
                       {"address", address ? to_string(address) : ""}});
  }
  const UsableInterface* usable = interfaces_.by_name(group->interface);
  return {{"interface", group->interface},   {"role", group->role == GroupRole::Owner ? "owner" : "client"},
          {"ssid", printable(group->ssid)},  {"frequency", group->frequency},
          {"persistent", group->persistent}, {"address", usable ? to_string(usable->address) : ""},
          {"members", std::move(members)}};
}

json P2pLink::status() const {
  return {{"state", control_ ? state_text(device_.state()) : "off"},
          {"control", control_ ? control_->path() : ""},
          {"supplicant", version_},
          {"problem", problem()},
          {"group", group_row()}};
}

json P2pLink::peer_rows(const std::vector<DeviceId>& known) const {
  json rows = json::array();
  for (const auto& [device, peer] : device_.peers()) {
    if (!peer.seen.wfd) continue;
    if (peer.board && std::ranges::find(known, *peer.board) != known.end()) continue;
    const Ipv4Address address = address_of(device);
    rows.push_back({{"id", to_string(device)},
                    {"name", device_.name_of(device)},
                    {"role", role_text(peer.seen.wfd->role)},
                    {"address", address ? to_string(address) : ""},
                    {"interface", address ? device_.group()->interface : ""},
                    {"via", {"p2p"}},
                    {"paired", false},
                    {"state", peer.seen.wfd->available ? "available" : "busy"},
                    {"last_seen_s", seconds_since(peer.last_seen, loop_.now())}});
  }
  return rows;
}

std::vector<MacAddress> P2pLink::everybody() const {
  std::vector<MacAddress> devices;
  for (const auto& [device, peer] : device_.peers()) devices.push_back(device);
  return devices;
}

// The one of `among` that `peer` names; without `peer` the only one.
Result<MacAddress, RpcError> P2pLink::find_peer(const json& params, std::string_view method,
                                                const std::vector<MacAddress>& among) const {
  const std::string wanted = params.value("peer", "");
  std::vector<MacAddress> found;
  std::ranges::copy_if(among, std::back_inserter(found), [&](const MacAddress& device) {
    return wanted.empty() || iequals(to_string(device), wanted) || iequals(device_.name_of(device), wanted);
  });
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return fail(failed(wanted.empty()
                           ? fmt::format("{}: nobody asks for a connection", method)
                           : fmt::format("{}: no peer matches \"{}\"", method, printable(wanted))));
  }
  std::vector<std::string> candidates;
  for (const MacAddress& device : found)
    candidates.push_back(fmt::format("{} ({})", device_.name_of(device), to_string(device)));
  return fail(failed(fmt::format("{}: several match: {}", method, fmt::join(candidates, ", "))));
}

void P2pLink::connect_method(Call& call) {
  if (const auto error = unusable("p2p_connect")) return call.reply(fail(*error));
  const auto peer = find_peer(call.params, "p2p_connect", everybody());
  if (!peer) return call.reply(fail(peer.error()));
  command::Method method = command::Button{};
  if (call.params.value("show_pin", false)) method = command::ShowPin{};
  if (const std::string pin = call.params.value("pin", ""); !pin.empty()) method = command::EnterPin{pin};
  waiters_.push_back({*peer, call});
  connect(*peer, method);
}

// Tells who waits for this peer; empty `failure`: it is connected.
void P2pLink::settle(const MacAddress& device, const std::string& failure) {
  std::vector<Waiter> mine;
  std::ranges::copy_if(waiters_, std::back_inserter(mine),
                       [&](const Waiter& waiter) { return waiter.device == device; });
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.device == device; });
  for (const Waiter& waiter : mine) {
    if (!failure.empty()) {
      waiter.call.reply(fail(failed(fmt::format("p2p_connect: {}: {}", device_.name_of(device), failure))));
    } else {
      waiter.call.reply(json{{"peer", to_string(device)},
                             {"name", device_.name_of(device)},
                             {"result", "connected"},
                             {"group", group_row()}});
    }
  }
}

Result<json, RpcError> P2pLink::group_method(const json& params) {
  if (const auto error = unusable("p2p_group")) return fail(*error);
  if (!params.value("add", false)) return json{{"group", group_row()}};
  if (device_.state() != P2pDevice::State::Idle) return fail(failed("p2p_group: one group at a time"));
  apply(&P2pDevice::add_group);
  return json{{"result", "asked"}};
}

Result<json, RpcError> P2pLink::answer_request(const json& params, std::string_view method) {
  if (const auto error = unusable(method)) return fail(*error);
  const auto peer = find_peer(params, method, device_.waiting());
  if (!peer) return fail(peer.error());
  if (method == "reject") {
    apply(&P2pDevice::reject, *peer, loop_.now());
    return json{{"peer", to_string(*peer)}, {"name", device_.name_of(*peer)}, {"result", "rejected"}};
  }
  const auto step = device_.accept(*peer, params.value("pin", ""), loop_.now());
  carry_out(step);
  for (const auto& event : step.events) {
    if (const auto* refused = std::get_if<discovery::ConnectFailed>(&event)) {
      return fail(failed(fmt::format("accept: {}: {}", device_.name_of(*peer), refused->reason)));
    }
  }
  return json{{"peer", to_string(*peer)}, {"name", device_.name_of(*peer)}, {"result", "accepted"}};
}

}  // namespace wfdcast::daemon
