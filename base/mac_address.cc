#include "base/mac_address.h"

#include "base/text.h"

namespace wfdcast {

std::optional<MacAddress> parse_mac(std::string_view text) {
  constexpr std::size_t kLength = 17;
  if (text.size() != kLength) return std::nullopt;
  MacAddress address;
  for (std::size_t i = 0; i < address.octets.size(); ++i) {
    const auto octet = from_hex(text.substr(3 * i, 2));
    const bool separated = i == 0 || text[3 * i - 1] == ':';
    if (!octet || !separated) return std::nullopt;
    address.octets[i] = octet->front();
  }
  return address;
}

std::string to_string(const MacAddress& address) {
  std::string text;
  for (const std::uint8_t octet : address.octets) {
    if (!text.empty()) text += ':';
    text += to_hex({&octet, 1});
  }
  return text;
}

}  // namespace wfdcast
