#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/mac_address.h"
#include "wfd/device_information.h"

// Commands of wpa_supplicant's control interface. Peers enter them as typed addresses and PINs only, our
// own texts (a device name from the configuration) without control characters.
namespace wfdcast::discovery::command {

// How the two ends of a link agree (WPS configuration methods of Wi-Fi Direct).
struct Button {
  bool operator==(const Button&) const = default;
};
struct ShowPin {  // we show it, the peer enters it; wpa_supplicant answers P2P_CONNECT with a new one
  std::optional<std::string> pin;
  bool operator==(const ShowPin&) const = default;
};
struct EnterPin {  // the peer shows it
  std::string pin;
  bool operator==(const EnterPin&) const = default;
};
using Method = std::variant<Button, ShowPin, EnterPin>;
// Eight digits whose last one checks the others, or four digits (WPS).
[[nodiscard]] bool is_valid_pin(std::string_view pin);

[[nodiscard]] std::string find(std::chrono::seconds duration);
[[nodiscard]] std::string stop_find();
// Listens for half a second in each 1.13 s, from now on; or no more. Not in step with anything that goes by
// seconds: a peer whose requests came once a second was never heard, and wpa_supplicant, which looks each 5 s
// whether it may scan for an access point that it lost, always found us listening.
[[nodiscard]] std::string listen();
[[nodiscard]] std::string stop_listening();

struct Connect {
  MacAddress device;
  Method method;
  bool join = false;  // the peer's group runs already
  bool persistent = false;
  int intent = 7;                  // to be the group's owner, 0 to 15
  std::optional<int> frequency{};  // MHz
};
[[nodiscard]] std::string connect(const Connect& options);
// Asks the peer to show its PIN.
[[nodiscard]] std::string ask_for_pin(const MacAddress& device);
[[nodiscard]] std::string cancel();
[[nodiscard]] std::string reject(const MacAddress& device);
[[nodiscard]] std::string flush();  // forgets all peers, and whom it refuses

struct AddGroup {
  bool persistent = false;
  std::optional<int> frequency{};
};
[[nodiscard]] std::string add_group(const AddGroup& options);
[[nodiscard]] std::string remove_group(std::string_view interface);
[[nodiscard]] std::string invite_into(std::string_view group_interface, const MacAddress& device);
[[nodiscard]] std::string reinvoke(int network, const MacAddress& device);
[[nodiscard]] std::string forget_network(int network);
// On the group's interface: this device may join within two minutes by its button, or anyone by the PIN.
[[nodiscard]] std::string allow_button(const MacAddress& device);
[[nodiscard]] std::string allow_pin(std::string_view pin);

[[nodiscard]] std::string first_peer();
[[nodiscard]] std::string next_peer(const MacAddress& after);
[[nodiscard]] std::string peer(const MacAddress& device);

[[nodiscard]] std::string get(std::string_view name);
[[nodiscard]] std::string set(std::string_view name, std::string_view value);
// WFD_SUBELEM_SET: the body with its length before it; an empty body clears.
[[nodiscard]] std::string set_subelement(std::uint8_t id, ByteView body);
[[nodiscard]] std::string set_device_information(const DeviceInformation& information);

}  // namespace wfdcast::discovery::command
