#include "rtsp/edid.h"

#include <algorithm>

#include "base/text.h"
#include "rtsp/value.h"

namespace wfdcast::rtsp {

std::optional<DisplayEdid> parse_display_edid(std::string_view value) {
  value = trim(value);
  if (iequals(value, "none")) return DisplayEdid{};
  const std::size_t blank = value.find(' ');
  if (!parse_number<std::uint16_t>(value.substr(0, blank), 16)) return std::nullopt;
  const std::string_view payload =
      blank == std::string_view::npos ? std::string_view("none") : trim(value.substr(blank));
  if (iequals(payload, "none")) return DisplayEdid{.supported = true, .hex = {}};
  if (payload.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) return std::nullopt;
  const std::size_t blocks = std::min(payload.size() / kEdidBlockDigits, kMaxEdidBlocks);
  return DisplayEdid{.supported = true, .hex = std::string(payload.substr(0, blocks * kEdidBlockDigits))};
}

std::string serialize(const DisplayEdid& edid) {
  if (!edid.supported) return "none";
  std::string out;
  append_hex(out, edid.hex.size() / kEdidBlockDigits, 4);
  return out.append(" ").append(edid.hex.empty() ? "none" : edid.hex);
}

}  // namespace wfdcast::rtsp
