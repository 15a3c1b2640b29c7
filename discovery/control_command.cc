#include "discovery/control_command.h"

#include <algorithm>
#include <array>

#include "base/overloaded.h"
#include "base/text.h"

namespace wfdcast::discovery::command {
namespace {

std::string frequency_text(const std::optional<int>& frequency) {
  return frequency ? " freq=" + std::to_string(*frequency) : std::string();
}

std::string method_text(const Method& method) {
  return std::visit(
      overloaded{
          [](const Button&) { return std::string("pbc"); },
          [](const ShowPin& show) { return show.pin ? *show.pin + " display" : std::string("pin"); },
          [](const EnterPin& enter) { return enter.pin + " keypad"; },
      },
      method);
}

}  // namespace

// WPS 7.4.3: digits weigh 3 and 1 in turn, the sum is a multiple of ten.
bool is_valid_pin(std::string_view pin) {
  if (pin.find_first_not_of("0123456789") != std::string_view::npos) return false;
  if (pin.size() != 8) return pin.size() == 4;
  int sum = 0;
  for (std::size_t i = 0; i < pin.size(); ++i) sum += (pin[i] - '0') * (i % 2 == 0 ? 3 : 1);
  return sum % 10 == 0;
}

std::string find(std::chrono::seconds duration) { return "P2P_FIND " + std::to_string(duration.count()); }
std::string stop_find() { return "P2P_STOP_FIND"; }
std::string listen() { return "P2P_EXT_LISTEN 500 1130"; }
std::string stop_listening() { return "P2P_EXT_LISTEN"; }

std::string connect(const Connect& options) {
  std::string text = "P2P_CONNECT " + to_string(options.device) + ' ' + method_text(options.method);
  if (options.persistent) text += " persistent";
  text += options.join ? " join" : " go_intent=" + std::to_string(options.intent);
  return text + (options.join ? "" : frequency_text(options.frequency));
}

std::string ask_for_pin(const MacAddress& device) {
  return "P2P_PROV_DISC " + to_string(device) + " display";
}
std::string cancel() { return "P2P_CANCEL"; }
std::string flush() { return "P2P_FLUSH"; }
std::string reject(const MacAddress& device) { return "P2P_REJECT " + to_string(device); }

std::string add_group(const AddGroup& options) {
  return "P2P_GROUP_ADD" + std::string(options.persistent ? " persistent" : "") +
         frequency_text(options.frequency);
}

std::string remove_group(std::string_view interface) { return "P2P_GROUP_REMOVE " + std::string(interface); }

std::string invite_into(std::string_view group_interface, const MacAddress& device) {
  return "P2P_INVITE group=" + std::string(group_interface) + " peer=" + to_string(device);
}

std::string reinvoke(int network, const MacAddress& device) {
  return "P2P_INVITE persistent=" + std::to_string(network) + " peer=" + to_string(device);
}

std::string forget_network(int network) { return "REMOVE_NETWORK " + std::to_string(network); }
std::string allow_button(const MacAddress& device) { return "WPS_PBC p2p_dev_addr=" + to_string(device); }
std::string allow_pin(std::string_view pin) { return "WPS_PIN any " + std::string(pin); }

std::string first_peer() { return "P2P_PEER FIRST"; }
std::string next_peer(const MacAddress& after) { return "P2P_PEER NEXT-" + to_string(after); }
std::string peer(const MacAddress& device) { return "P2P_PEER " + to_string(device); }

std::string get(std::string_view name) { return "GET " + std::string(name); }

std::string set(std::string_view name, std::string_view value) {
  return "SET " + std::string(name) + ' ' + printable(value);
}

std::string set_subelement(std::uint8_t id, ByteView body) {
  std::string text = "WFD_SUBELEM_SET " + std::to_string(id) + ' ';
  if (body.empty()) return text;
  const std::array<std::uint8_t, 2> size{static_cast<std::uint8_t>(body.size() >> 8),
                                         static_cast<std::uint8_t>(body.size())};
  return text + to_hex(size) + to_hex(body);
}

std::string set_device_information(const DeviceInformation& information) {
  std::array<std::uint8_t, 16> memory{};
  ByteWriter out(memory);
  write_device_information(out, information);
  constexpr std::size_t kHeader = 3;  // id and length
  return set_subelement(DeviceInformation::kId, out.written().subspan(kHeader));
}

}  // namespace wfdcast::discovery::command
