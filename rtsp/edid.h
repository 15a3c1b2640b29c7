#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wfdcast::rtsp {

// wfd_display_edid: the display's description as it came over its cable, in
// blocks of 128 bytes. Empty: there is a display, but no EDID now ("0000 none").
struct DisplayEdid {
  bool supported = false;  // false: "none"
  std::string hex;         // 256 digits for each block, as the peer wrote them
  bool operator==(const DisplayEdid&) const = default;
};
inline constexpr std::size_t kEdidBlockDigits = 256;
inline constexpr std::size_t kMaxEdidBlocks = 48;  // more than any display has; it fits in a body

// The count in front is hexadecimal, decimal, or of two digits, as peers have
// it: what counts are the whole blocks that follow.
[[nodiscard]] std::optional<DisplayEdid> parse_display_edid(std::string_view value);
[[nodiscard]] std::string serialize(const DisplayEdid& edid);

}  // namespace wfdcast::rtsp
