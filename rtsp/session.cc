#include "rtsp/session.h"

#include "base/text.h"

namespace wfdcast::rtsp {

const char* to_string(EndReason reason) {
  switch (reason) {
    case EndReason::Requested:
      return "requested";
    case EndReason::PeerTeardown:
      return "ended by the peer";
    case EndReason::ConnectionLost:
      return "connection lost";
    case EndReason::NoAnswer:
      return "no answer";
    case EndReason::Refused:
      return "refused";
    case EndReason::NotInvited:
      return "not invited";
    case EndReason::BadMessage:
      return "bad message";
  }
  return "";
}

std::string agent_of(const Headers& headers) {
  constexpr std::size_t kMaxAgent = 64;
  const auto agent = find(headers, "User-Agent");
  return printable(agent.value_or(find(headers, "Server").value_or("")).substr(0, kMaxAgent));
}

std::string serialize(const WfdcastHeader& header) {
  std::string value = "id=" + to_string(header.id);
  if (header.token) value += ";token=" + to_string(*header.token);
  return value;
}

std::optional<WfdcastHeader> parse_wfdcast_header(std::string_view value) {
  std::optional<DeviceId> id;
  std::optional<InvitationToken> token;
  for (const std::string_view field : Parts(value, ';')) {
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(field.substr(0, equals));
    const std::string_view text = trim(field.substr(equals + 1));
    if (iequals(name, "id")) id = parse_device_id(text);
    if (iequals(name, "token")) token = parse_token(text);
  }
  if (!id) return std::nullopt;
  return WfdcastHeader{*id, token};
}

}  // namespace wfdcast::rtsp
