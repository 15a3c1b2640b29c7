#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wfdcast {

// An IPv4 address in host byte order; zero means "none" or "any".
struct Ipv4Address {
  std::uint32_t value = 0;

  static constexpr Ipv4Address from_octets(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return {static_cast<std::uint32_t>(a) << 24 | static_cast<std::uint32_t>(b) << 16 |
            static_cast<std::uint32_t>(c) << 8 | d};
  }
  [[nodiscard]] constexpr bool is_multicast() const { return value >> 28 == 0xE; }
  [[nodiscard]] constexpr explicit operator bool() const { return value != 0; }
  auto operator<=>(const Ipv4Address&) const = default;
};

inline constexpr Ipv4Address kLimitedBroadcast{0xFFFFFFFF};

// An address and a UDP or TCP port.
struct Endpoint {
  Ipv4Address address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

// Dotted decimal, four parts, nothing else: "192.168.1.20".
[[nodiscard]] std::optional<Ipv4Address> parse_address(std::string_view text);
// "192.168.1.20:7236".
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string to_string(Ipv4Address address);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

}  // namespace wfdcast
