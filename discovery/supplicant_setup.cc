#include "discovery/supplicant_setup.h"

#include <array>

#include "base/text.h"
#include "discovery/control_command.h"
#include "discovery/control_reply.h"

namespace wfdcast::discovery {
namespace {

using Why = ControlRequest::Why;

constexpr std::uint8_t kCoupledSink = 6, kExtendedCapability = 7, kR2DeviceInformation = 11;
constexpr std::uint8_t kWritten[] = {DeviceInformation::kId, kCoupledSink, kExtendedCapability,
                                     kR2DeviceInformation};

// WPS primary device types: category, OUI 00:50:F2:04, subcategory. Windows lists displays only.
constexpr std::string_view kTelevision = "7-0050F204-1", kComputer = "1-0050F204-1";

constexpr std::size_t kMaxDeviceName = 32;

// Of the pool that EAPOL hands out: the second half of the net is left to DHCP.
struct Pool {
  Ipv4Address mask, first, last;
};
Pool pool_of(Ipv4Address owner, int prefix) {
  const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
  return {{mask}, {owner.value + 1}, {((owner.value & mask) | ~mask) - (~mask / 2 + 1)}};
}

std::string cut_to(std::string_view name, std::size_t size) {
  if (name.size() <= size) return std::string(name);
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80)
    --size;  // not inside a character
  return std::string(name.substr(0, size));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SupplicantSetup::settings() const {
  const bool sink = options_.information.role != Role::Source;
  std::vector<std::pair<std::string, std::string>> settings{
      {"device_name", cut_to(options_.name, kMaxDeviceName)},
      {"device_type", std::string(sink ? kTelevision : kComputer)},
      {"manufacturer", options_.model},
      {"model_name", options_.model},
      {"model_number", options_.version},
      {"serial_number", to_string(options_.id)},
      {"config_methods", "virtual_push_button physical_display keypad"},
      {"persistent_reconnect", options_.persistent ? "1" : "0"},
  };
  if (options_.group_address) {
    const Pool pool = pool_of(options_.group_address, options_.group_prefix);
    settings.insert(settings.end(), {{"ip_addr_go", to_string(options_.group_address)},
                                     {"ip_addr_mask", to_string(pool.mask)},
                                     {"ip_addr_start", to_string(pool.first)},
                                     {"ip_addr_end", to_string(pool.last)}});
  }
  return settings;
}

std::vector<ControlRequest> SupplicantSetup::begin() {
  before_.clear();
  std::vector<ControlRequest> requests;
  const auto request = [&](Why why, std::string text, std::string name) {
    requests.push_back({.why = why, .text = std::move(text), .name = std::move(name)});
  };
  const auto ours = settings();
  for (const auto& [name, value] : ours) request(Why::Save, command::get(name), name);
  for (const auto& [name, value] : ours) request(Why::Optional, command::set(name, value), name);
  request(Why::Optional, command::set("wifi_display", "1"), "wifi_display");
  request(Why::Capability, command::set_device_information(options_.information), "Wi-Fi Display");
  constexpr std::array<std::uint8_t, 7> kNotCoupled{};
  constexpr std::array<std::uint8_t, 2> kNoExtension{};
  const std::array<std::uint8_t, 2> role{
      0, options_.information.role == Role::Source ? std::uint8_t{0} : std::uint8_t{1}};
  request(Why::Optional, command::set_subelement(kCoupledSink, kNotCoupled), "WFD coupled sink");
  request(Why::Optional, command::set_subelement(kExtendedCapability, kNoExtension),
          "WFD extended capability");
  request(Why::Optional, command::set_subelement(kR2DeviceInformation, role), "WFD R2 device information");
  return requests;
}

void SupplicantSetup::saved(const std::string& name, std::string_view reply) {
  const std::string_view text = trim(reply);
  if (kind_of(reply) != ReplyKind::Text) return;
  before_[name] = text == "null" ? "" : text;  // "null": was not set
}

ControlRequest SupplicantSetup::available(bool is_available) {
  options_.information.available = is_available;
  return {.why = Why::Optional, .text = command::set_device_information(options_.information)};
}

std::vector<ControlRequest> SupplicantSetup::restore() const {
  std::vector<ControlRequest> requests;
  for (const std::uint8_t id : kWritten) {
    requests.push_back({.why = Why::Optional, .text = command::set_subelement(id, {})});
  }
  for (const auto& [name, value] : before_) {
    requests.push_back({.why = Why::Optional, .text = command::set(name, value)});
  }
  return requests;
}

}  // namespace wfdcast::discovery
