#include "base/endpoint.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace wfdcast {

std::optional<Ipv4Address> parse_address(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (part == 3)) return std::nullopt;
    const auto octet = parse_number<std::uint8_t>(text.substr(0, dot));
    if (!octet) return std::nullopt;
    value = value << 8 | *octet;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return Ipv4Address{value};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, colon));
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, *port};
}

std::string to_string(Ipv4Address address) {
  std::array<char, 16> text;
  char* end = text.data();
  for (int shift = 24; shift >= 0; shift -= 8) {
    end = std::to_chars(end, text.data() + text.size(), address.value >> shift & 0xFF).ptr;
    if (shift > 0) *end++ = '.';
  }
  return {text.data(), end};
}

std::string to_string(const Endpoint& endpoint) {
  return to_string(endpoint.address) + ':' + std::to_string(endpoint.port);
}

}  // namespace wfdcast
