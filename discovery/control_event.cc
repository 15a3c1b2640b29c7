#include "discovery/control_event.h"

#include <bit>

#include "base/text.h"
#include "discovery/control_fields.h"

namespace wfdcast::discovery {
namespace {

using Body = std::optional<ControlEventBody>;

// A line whose tail is "... name='NAME' config_methods=0x188 ...". NAME comes from a peer, quotes are
// not escaped in it, and it may contain whole key=value words: it ends at the last "' config_methods=".
struct NamedLine {
  std::string_view head, name, tail;
};
std::optional<NamedLine> cut_name(std::string_view text) {
  constexpr std::string_view kBegin = " name='", kEnd = "' config_methods=";
  const std::size_t begin = text.find(kBegin);
  const std::size_t end = text.rfind(kEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
  const std::size_t name = begin + kBegin.size();
  if (end < name) return std::nullopt;
  return NamedLine{text.substr(0, begin), text.substr(name, end - name), text.substr(end + 1)};
}

constexpr std::size_t kMaxDeviceType = 24;  // "65535-0050F204-65535"
constexpr int kGroupOwnerBit = 0x01;        // of the group capability bitmap

std::optional<DeviceInformation> device_information(const ControlFields& fields) {
  const std::string_view text = fields.find("wfd_dev_info").value_or("");
  if (!text.starts_with("0x")) return std::nullopt;
  const auto body = from_hex(text.substr(2));
  return body ? parse_device_information(*body) : std::nullopt;
}

Body device_found(std::string_view text) {
  const auto line = cut_name(text);
  if (!line) return std::nullopt;
  ControlFields head(line->head);
  const ControlFields tail(line->tail);
  P2pDeviceSeen seen;
  seen.address = parse_mac(head.take()).value_or(MacAddress{});
  seen.device = head.mac("p2p_dev_addr");
  seen.name = line->name;
  seen.device_type = head.find("pri_dev_type").value_or("").substr(0, kMaxDeviceType);
  seen.group_owner = (tail.number("group_capab").value_or(0) & kGroupOwnerBit) != 0;
  seen.wfd = device_information(tail);
  if (!seen.device) return std::nullopt;
  return seen;
}

Body device_lost(std::string_view text) {
  const P2pDeviceLost lost{ControlFields(text).mac("p2p_dev_addr")};
  return lost.device ? Body(lost) : std::nullopt;
}

Body negotiation_request(std::string_view text) {
  ControlFields fields(text);
  const auto device = parse_mac(fields.take());
  if (!device) return std::nullopt;
  return NegotiationRequest{*device, static_cast<Password>(fields.number("dev_passwd_id").value_or(0))};
}

Body negotiation_succeeded(std::string_view text) {
  const ControlFields fields(text);
  const NegotiationSucceeded success{
      .role = fields.find("role") == "GO" ? GroupRole::Owner : GroupRole::Client,
      .device = fields.mac("peer_dev"),
      .interface = fields.mac("peer_iface")};
  return success.device ? Body(success) : std::nullopt;
}

Body formation_failed(std::string_view text) {
  return FormationFailed{std::string(ControlFields(text).find("reason").value_or(""))};
}

// The text between quotes at the beginning; it is taken off, quotes and all.
std::optional<std::string_view> take_quoted(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      const std::string_view quoted = text.substr(1, i - 1);
      text.remove_prefix(i + 1);
      return quoted;
    }
  }
  return std::nullopt;
}

// INTERFACE GO|client ssid="ESCAPED" freq=N passphrase="RAW"|psk=HEX go_dev_addr=MAC [PERSISTENT] ...
// The passphrase may be the peer's and hold anything; what counts stands before and behind it.
Body group_started(std::string_view text) {
  ControlFields words(text);
  GroupStarted group;
  group.interface = words.take();
  group.role = words.take() == "GO" ? GroupRole::Owner : GroupRole::Client;
  const std::size_t ssid = text.find(" ssid=\"");
  const std::size_t owner = text.rfind(" go_dev_addr=");
  if (ssid == std::string_view::npos || owner == std::string_view::npos || owner < ssid) return std::nullopt;
  std::string_view rest = text.substr(ssid + 6, owner - ssid - 6);
  const auto quoted = take_quoted(rest);
  if (!quoted || group.interface.empty()) return std::nullopt;
  const ControlFields middle(rest.substr(0, rest.find(" passphrase=\""))), tail(text.substr(owner));
  group.ssid = unescape(*quoted);
  group.frequency = middle.number("freq").value_or(0);
  group.owner = tail.mac("go_dev_addr");
  group.persistent = tail.has_word("[PERSISTENT]");
  group.address = tail.address("ip_addr");
  group.prefix = std::popcount(tail.address("ip_mask").value);
  group.owner_address = tail.address("go_ip_addr");
  return group;
}

Body group_removed(std::string_view text) {
  ControlFields fields(text);
  GroupRemoved removed{std::string(fields.take()), std::string(fields.find("reason").value_or(""))};
  return removed.interface.empty() ? std::nullopt : Body(removed);
}

bool is_pin(std::string_view text) {
  return text.size() == 8 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// MAC [PIN] p2p_dev_addr=MAC ... name='...' ...; a response has the MAC and no more.
Body provision(Provision what, std::string_view text) {
  const auto line = cut_name(text);
  ControlFields head(line ? line->head : text);
  ProvisionStep step{.what = what, .device = {}, .pin = {}, .group = {}};
  const MacAddress address = parse_mac(head.take()).value_or(MacAddress{});
  if (what == Provision::ShowPin) step.pin = head.take();
  const MacAddress device = head.mac("p2p_dev_addr");
  step.device = device ? device : address;
  if (line) step.group = ControlFields(line->tail).find("group").value_or("");
  if (!step.device || (what == Provision::ShowPin && !is_pin(step.pin))) return std::nullopt;
  return step;
}

Body provision_failed(std::string_view text) {
  const ControlFields fields(text);
  const ProvisionFailed failed{fields.mac("p2p_dev_addr"), fields.number("status").value_or(0)};
  return failed.device ? Body(failed) : std::nullopt;
}

Body invitation_received(std::string_view text) {
  const ControlFields fields(text);
  const InvitationReceived invitation{fields.mac("sa"), fields.mac("go_dev_addr"),
                                      fields.number("persistent")};
  return invitation.sender ? Body(invitation) : std::nullopt;
}

Body invitation_accepted(std::string_view text) {
  const InvitationAccepted accepted{ControlFields(text).mac("sa")};
  return accepted.sender ? Body(accepted) : std::nullopt;
}

template <class Station>
std::optional<Station> station(std::string_view text) {
  ControlFields fields(text);
  Station station;
  station.interface = parse_mac(fields.take()).value_or(MacAddress{});
  station.device = fields.mac("p2p_dev_addr");
  if constexpr (requires { station.address; }) station.address = fields.address("ip_addr");
  if (!station.interface) return std::nullopt;
  return station;
}

struct Kind {
  std::string_view name;
  Body (*parse)(std::string_view text);
};
constexpr Kind kKinds[] = {
    {"P2P-DEVICE-FOUND", device_found},
    {"P2P-DEVICE-LOST", device_lost},
    {"P2P-FIND-STOPPED", [](std::string_view) -> Body { return FindStopped{}; }},
    {"P2P-GO-NEG-REQUEST", negotiation_request},
    {"P2P-GO-NEG-SUCCESS", negotiation_succeeded},
    {"P2P-GO-NEG-FAILURE",
     [](std::string_view text) -> Body {
       return NegotiationFailed{ControlFields(text).number("status").value_or(-1)};
     }},
    {"P2P-GROUP-FORMATION-FAILURE", formation_failed},
    {"P2P-GROUP-STARTED", group_started},
    {"P2P-GROUP-REMOVED", group_removed},
    {"P2P-PROV-DISC-PBC-REQ",
     [](std::string_view text) { return provision(Provision::ButtonRequest, text); }},
    {"P2P-PROV-DISC-SHOW-PIN", [](std::string_view text) { return provision(Provision::ShowPin, text); }},
    {"P2P-PROV-DISC-ENTER-PIN", [](std::string_view text) { return provision(Provision::EnterPin, text); }},
    {"P2P-PROV-DISC-PBC-RESP",
     [](std::string_view text) { return provision(Provision::ButtonResponse, text); }},
    {"P2P-PROV-DISC-FAILURE", provision_failed},
    {"P2P-INVITATION-RECEIVED", invitation_received},
    {"P2P-INVITATION-ACCEPTED", invitation_accepted},
    {"P2P-INVITATION-RESULT",
     [](std::string_view text) -> Body {
       return InvitationResult{ControlFields(text).number("status").value_or(-1)};
     }},
    {"AP-STA-CONNECTED", [](std::string_view text) -> Body { return station<StationConnected>(text); }},
    {"AP-STA-DISCONNECTED", [](std::string_view text) -> Body { return station<StationDisconnected>(text); }},
    {"CTRL-EVENT-TERMINATING", [](std::string_view) -> Body { return Terminating{}; }},
};

}  // namespace

std::optional<ControlEvent> parse_event(std::string_view line) {
  ControlEvent event;
  constexpr std::string_view kInterface = "IFNAME=";
  if (line.starts_with(kInterface)) {
    line.remove_prefix(kInterface.size());
    event.interface = ControlFields(line).take();
    line.remove_prefix(std::min(line.size(), event.interface.size() + 1));
  }
  const std::size_t level = line.find('>');
  if (!line.starts_with('<') || level == std::string_view::npos) return std::nullopt;
  line.remove_prefix(level + 1);
  const std::string_view name = line.substr(0, line.find(' '));
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    auto body = kind.parse(line.substr(name.size()));
    if (!body) return std::nullopt;
    event.body = *std::move(body);
    return event;
  }
  return std::nullopt;
}

}  // namespace wfdcast::discovery
