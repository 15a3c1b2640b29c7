#include "daemon/p2p_link.h"

#include <algorithm>

#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/version.h"
#include "daemon/wifi_socket.h"
#include "platform/log.h"
#include "platform/neighbours.h"

namespace wfdcast::daemon {

using discovery::ControlRequest;
using discovery::GroupRole;
using discovery::P2pDevice;
using platform::log;
using platform::Severity;

namespace {

constexpr Duration kShutDownTime = 300ms;
constexpr Duration kShutDownPoll = 10ms;

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

P2pDevice::Options device_options(const Environment& environment) {
  const Config& config = environment.config;
  const bool is_source = config.role == DaemonRole::Source;
  const auto [address, prefix] =
      parse_interface_address(config.wifi.group_address).value_or(InterfaceAddress{});
  return {.setup = {.information = {.role = is_source ? Role::Source : Role::PrimarySink,
                                    .control_port = config.rtsp.port},
                    .id = environment.id(),
                    .name = config.name,
                    .model = "wfdcast",
                    .version = kVersion,
                    .persistent = config.wifi.persistent,
                    .group_address = address,
                    .group_prefix = prefix},
          .accept = static_cast<discovery::AcceptPolicy>(config.wifi.accept),
          .listen = !is_source,
          .owner = config.wifi.group_owner,
          .intent = config.wifi.go_intent,
          .frequency = config.wifi.frequency == 0 ? std::nullopt : std::optional(config.wifi.frequency)};
}

}  // namespace

P2pLink::P2pLink(Environment& environment, Interfaces& interfaces, OnEvent on_event)
    : environment_(environment),
      loop_(environment.loop),
      interfaces_(interfaces),
      on_event_(std::move(on_event)),
      timer_(loop_, [this] { apply(&P2pDevice::tick, loop_.now()); }),
      shut_down_timer_(loop_, [this] { check_shut_down(); }),
      device_(device_options(environment)) {
  const Config& config = environment.config;
  if (config.wifi.control.empty() || !config.wifi.p2p) return;
  control_ = std::make_unique<platform::WpaControl>(
      loop_,
      platform::WpaControl::Options{
          [&config] { return find_p2p_socket(config.wifi.control, config.interface); },
          directory_of(config.control.socket)},
      platform::WpaControl::Callbacks{[this] { supplicant_up(); },
                                      [this](const std::string& why) { supplicant_down(why); },
                                      [this](std::string_view line) { on_line(line); }});
}

P2pLink::~P2pLink() = default;

// A socket in a directory is one interface's. A socket by its name may be the global one, where each command
// says whom it is for.
void P2pLink::supplicant_up() {
  problem_.clear();
  missing_.clear();
  prefix_.clear();
  if (control_->path() != environment_.config.wifi.control) return attach();
  control_->request("INTERFACES", [this](std::string_view reply) {
    std::vector<std::string> known;
    for (const std::string_view name : Parts(reply, '\n')) known.emplace_back(name);
    const std::string prefix = "IFNAME=" + choose_p2p_interface(known, environment_.config.interface) + " ";
    control_->request(prefix + "PING", [this, prefix](std::string_view pong) {
      if (pong.starts_with("PONG")) prefix_ = prefix;
      attach();
    });
  });
}

void P2pLink::attach() {
  log(Severity::Info, "wifi: wpa_supplicant is at {} {}", control_->path(), prefix_);
  apply(&P2pDevice::attached, loop_.now());
}

void P2pLink::supplicant_down(const std::string& why) {
  problem_ = why;
  log(Severity::Notice, "wifi: no Wi-Fi Direct: {}", problem());
  group_control_.reset();
  apply(&P2pDevice::detached, loop_.now());
}

// What stands in the way may come after us, and is looked for when somebody asks.
std::string P2pLink::problem() const {
  if (!control_ || !control_->path().empty()) return problem_;
  const std::string& place = environment_.config.wifi.control;
  const std::string obstacle = obstacle_to(place);
  return obstacle.empty() ? problem_ : fmt::format("{} in {}; {}", problem_, place, obstacle);
}

void P2pLink::on_line(std::string_view line) {
  const auto event = discovery::parse_event(line);
  if (event) apply(&P2pDevice::receive, event->body, loop_.now());
}

void P2pLink::carry_out(const P2pDevice::Step& step) {
  for (const ControlRequest& request : step.requests) send(request);
  timer_.set(device_.next_deadline());
  for (const auto& event : step.events) on_event(event);
}

void P2pLink::send(const ControlRequest& request) {
  const auto on_reply = [this, request](std::string_view reply) {
    const auto kind = discovery::kind_of(reply);
    const bool refused = kind == discovery::ReplyKind::Failed || kind == discovery::ReplyKind::UnknownCommand;
    if (refused) {
      log(request.why == ControlRequest::Why::Order ? Severity::Warning : Severity::Debug, "wifi: {}: {}",
          request.text, discovery::failure_text(reply));
    }
    if (request.name == "version" && kind == discovery::ReplyKind::Text) version_ = printable(trim(reply));
    apply(&P2pDevice::answered, request, reply, loop_.now());
  };
  const bool for_group = !request.group.empty();
  auto& control = for_group && group_control_ ? group_control_ : control_;
  const std::string prefix = for_group && !prefix_.empty() ? "IFNAME=" + request.group + " " : prefix_;
  if (!control->request(prefix + request.text, on_reply))
    log(Severity::Warning, "wifi: {} could not be sent", request.text);
}

void P2pLink::on_event(const discovery::LinkEvent& event) {
  const auto name = [this](const MacAddress& device) { return device_.name_of(device); };
  std::visit(
      overloaded{
          [&](const discovery::PeerSeen& e) {
            if (!e.is_new) return;
            log(Severity::Debug, "p2p: {} ({}) is in reach", name(e.device), to_string(e.device));
            publish("p2p_peer_found", e.device);
          },
          [&](const discovery::PeerGone& e) { publish("p2p_peer_lost", e.device); },
          [&](const discovery::LinkRequested& e) {
            log(Severity::Notice, "p2p: {} ({}) asks for a connection{}; wfdctl accept or reject",
                name(e.device), to_string(e.device), e.enter_pin ? ", with the PIN that it shows" : "");
            publish("p2p_request", e.device, {{"enter_pin", e.enter_pin}});
          },
          [&](const discovery::PinShown& e) {
            log(Severity::Notice, "p2p: enter PIN {} on {}", e.pin, name(e.device));
            publish("p2p_pin", e.device, {{"pin", e.pin}});
            for (const Waiter& waiter : waiters_) {
              if (waiter.device == e.device) {
                waiter.call.progress({{"peer", to_string(e.device)},
                                      {"name", name(e.device)},
                                      {"state", "enter PIN " + e.pin + " there"}});
              }
            }
          },
          [&](const discovery::PinWanted& e) {
            log(Severity::Notice, "p2p: {} shows its PIN", name(e.device));
            publish("p2p_pin_wanted", e.device);
          },
          [&](const discovery::LinkUp& e) { group_up(e.group); },
          [&](const discovery::MemberJoined& e) {
            log(Severity::Info, "p2p: {} ({}) has joined", name(e.member.device), to_string(e.member.device));
            publish("p2p_joined", e.member.device);
            settle(e.member.device, "");
          },
          [&](const discovery::MemberLeft& e) {
            log(Severity::Info, "p2p: {} has left", name(e.member.device));
            publish("p2p_left", e.member.device);
          },
          [&](const discovery::LinkDown& e) { group_down(e); },
          [&](const discovery::ConnectFailed& e) {
            log(Severity::Warning, "p2p: no connection to {}: {}", name(e.device), e.reason);
            publish("p2p_failed", e.device, {{"reason", e.reason}});
            settle(e.device, e.reason);
          },
          [&](const discovery::CapabilityMissing& e) {
            missing_.push_back(e.what);
            problem_ = fmt::format("this wpa_supplicant, or its driver, has no {}", e.what);
            log(Severity::Warning, "wifi: {}", problem_);
          },
      },
      event);
  on_event_(event);
}

void P2pLink::group_up(const discovery::P2pGroup& group) {
  const bool owner = group.role == GroupRole::Owner;
  log(Severity::Info, "p2p: group \"{}\" on {} as {}, {} MHz", printable(group.ssid), group.interface,
      owner ? "owner" : "client", group.frequency);
  publish("p2p_group_up", group.owner, group_row());
  const Config& config = environment_.config;
  const std::string path = directory_of(control_->path()) + "/" + group.interface;
  if (owner && prefix_.empty() && path != control_->path()) {
    group_control_ = std::make_unique<platform::WpaControl>(
        loop_, platform::WpaControl::Options{[path] { return path; }, directory_of(config.control.socket)},
        platform::WpaControl::Callbacks{[] {}, [](const std::string&) {}, nullptr});
  }
  if (group.address) {
    const auto added = platform::add_address(group.interface, group.address, group.prefix);
    if (!added) {
      problem_ = fmt::format("cannot give {} its address {}: {} (CAP_NET_ADMIN is needed)", group.interface,
                             to_string(group.address), added.error().message());
      log(Severity::Error, "p2p: {}", problem_);
    }
  }
  if (!config.wifi.address_command.empty() && (owner || !group.address)) {
    auto child = platform::Child::start(
        loop_,
        {.command = {"/bin/sh", "-c", "exec " + config.wifi.address_command + " \"$0\" \"$1\"",
                     group.interface, owner ? "owner" : "client"},
         .network = platform::Network::Managed},
        [](const std::string& how) { log(Severity::Info, "wifi.address_command: {}", how); });
    if (child) {
      address_command_ = std::move(*child);
    } else {
      log(Severity::Error, "wifi.address_command: {}", child.error().message());
    }
  }
  interfaces_.follow(group.interface);
  if (!owner) settle(group.owner, "");
}

void P2pLink::group_down(const discovery::LinkDown& down) {
  log(Severity::Info, "p2p: group on {} is down: {}", down.interface, down.reason);
  environment_.publish("p2p_group_down",
                       [&] { return json{{"interface", down.interface}, {"reason", down.reason}}; });
  interfaces_.unfollow(down.interface);
  // Its own callback may be on the stack.
  loop_.post([control = std::shared_ptr<platform::WpaControl>(std::move(group_control_)),
              child = std::shared_ptr<platform::Child>(std::move(address_command_))] {});
}

void P2pLink::publish(std::string_view event, const MacAddress& device, json more) {
  environment_.publish(event, [&] {
    more["peer"] = to_string(device);
    more["name"] = device_.name_of(device);
    return more;
  });
}

void P2pLink::connect(const MacAddress& device, const discovery::command::Method& method) {
  apply(&P2pDevice::connect, device, method, loop_.now());
}
void P2pLink::set_available(bool is_available) { apply(&P2pDevice::set_available, is_available); }
void P2pLink::set_streaming(bool is_streaming) { apply(&P2pDevice::set_streaming, is_streaming); }

void P2pLink::shut_down(std::function<void()> done) {
  if (shut_down_done_) return;
  if (!control_ || !control_->up()) return done();
  shut_down_done_ = std::move(done);
  shut_down_deadline_ = loop_.now() + kShutDownTime;
  apply(&P2pDevice::shut_down);
  shut_down_timer_.set(loop_.now());
}

void P2pLink::check_shut_down() {
  if (control_->idle() || loop_.now() >= shut_down_deadline_) return shut_down_done_();
  shut_down_timer_.set(loop_.now() + kShutDownPoll);
}

// By the hardware address that the supplicant let in, so that nobody else on the link passes for it.
std::optional<MacAddress> P2pLink::member_at(Ipv4Address address, const std::string& interface) const {
  const auto& group = device_.group();
  if (!group || group->interface != interface) return std::nullopt;
  for (const auto& neighbour : platform::neighbours()) {
    if (neighbour.address != address || neighbour.interface != interface) continue;
    for (const auto& member : group->members) {
      // A client may know of its owner only the address that EAPOL told.
      const bool by_address = group->role == GroupRole::Client && member.address == address && address;
      if (member.interface == neighbour.mac || by_address) return member.device;
    }
  }
  return std::nullopt;
}

Ipv4Address P2pLink::address_of(const MacAddress& device) const {
  const auto& group = device_.group();
  if (!group) return {};
  const auto member = std::ranges::find(group->members, device, &discovery::P2pGroup::Member::device);
  if (member == group->members.end()) return {};
  if (member->address) return member->address;
  for (const auto& neighbour : platform::neighbours()) {
    if (neighbour.interface == group->interface && neighbour.mac == member->interface)
      return neighbour.address;
  }
  return {};
}

bool P2pLink::shows(const DeviceId& board) const {
  return std::ranges::any_of(device_.peers(), [&](const auto& entry) { return entry.second.board == board; });
}

}  // namespace wfdcast::daemon
