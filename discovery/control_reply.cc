#include "discovery/control_reply.h"

#include "base/text.h"

namespace wfdcast::discovery {
namespace {

constexpr std::size_t kMaxSubelements = 2 * 1024;  // hex digits: two WFD elements and room

std::optional<DeviceInformation> wfd_of(std::string_view hex) {
  if (hex.size() > kMaxSubelements) return std::nullopt;
  const auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  ByteReader in(*bytes);
  while (const auto element = next_subelement(in)) {
    if (element->id == DeviceInformation::kId) return parse_device_information(element->body);
  }
  return std::nullopt;
}

std::optional<int> hex_or_decimal(std::string_view text) {
  return text.starts_with("0x") ? parse_number<int>(text.substr(2), 16) : parse_number<int>(text);
}

}  // namespace

ReplyKind kind_of(std::string_view reply) {
  const std::string_view text = trim(reply.substr(0, reply.find('\n')));
  if (text == "OK") return ReplyKind::Ok;
  if (text == "UNKNOWN COMMAND") return ReplyKind::UnknownCommand;
  if (text == "FAIL" || text.starts_with("FAIL-")) return ReplyKind::Failed;
  return ReplyKind::Text;
}

std::string failure_text(std::string_view reply) {
  if (kind_of(reply) == ReplyKind::UnknownCommand) return "this wpa_supplicant does not know that command";
  const std::string_view text = trim(reply.substr(0, reply.find('\n')));
  if (text == "FAIL-CHANNEL-UNAVAILABLE") return "the channel cannot be used now";
  if (text == "FAIL-CHANNEL-UNSUPPORTED") return "the radio does not support that channel";
  if (text == "FAIL-INVALID-PIN") return "that is not a valid PIN: its check digit is wrong";
  return "wpa_supplicant refused, without a reason";
}

std::optional<std::string_view> find_line(std::string_view reply, std::string_view key) {
  while (!reply.empty()) {
    const std::string_view line = reply.substr(0, reply.find('\n'));
    reply.remove_prefix(std::min(reply.size(), line.size() + 1));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=') {
      return line.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

// A peer's own words (device_name, manufacturer, model_name) are single lines: wpa_supplicant replaces
// control characters. Each key is looked up at the beginning of a line.
std::optional<PeerDetails> parse_peer(std::string_view reply) {
  const auto device = parse_mac(trim(reply.substr(0, reply.find('\n'))));
  if (!device) return std::nullopt;
  const auto text = [&](std::string_view key) { return std::string(find_line(reply, key).value_or("")); };
  PeerDetails details;
  details.seen.device = *device;
  const MacAddress interface = parse_mac(text("interface_addr")).value_or(MacAddress{});
  details.seen.address = interface ? interface : *device;
  details.seen.name = text("device_name");
  details.seen.group_owner = (hex_or_decimal(text("group_capab")).value_or(0) & 1) != 0;
  details.seen.wfd = wfd_of(text("wfd_subelems"));
  details.model = text("model_name");
  details.serial = text("serial_number");
  details.persistent = parse_number<int>(text("persistent"));
  return details;
}

std::optional<std::string> parse_pin(std::string_view reply) {
  const std::string_view text = trim(reply.substr(0, reply.find('\n')));
  if (text.size() != 8 || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return std::string(text);
}

}  // namespace wfdcast::discovery
