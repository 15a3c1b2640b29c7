#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wfdcast {

// An IEEE 802 address; all zero means "none".
struct MacAddress {
  std::array<std::uint8_t, 6> octets{};

  [[nodiscard]] explicit operator bool() const { return octets != std::array<std::uint8_t, 6>{}; }
  auto operator<=>(const MacAddress&) const = default;
};

// "02:11:22:aa:bb:cc", either case, nothing else.
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text);
[[nodiscard]] std::string to_string(const MacAddress& address);  // lower case

}  // namespace wfdcast
