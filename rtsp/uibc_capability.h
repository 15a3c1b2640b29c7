#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wfd/uibc_capability.h"

namespace wfdcast::rtsp {

// Words that are not known are left out, and so are blanks and empty lists.
[[nodiscard]] std::optional<UibcCapability> parse_uibc_capability(std::string_view value);
[[nodiscard]] std::string serialize(const UibcCapability& capability);
[[nodiscard]] std::optional<UibcSetting> parse_uibc_setting(std::string_view value);
[[nodiscard]] std::string_view to_string(UibcSetting setting);
// What both can, with the port of the first; not supported where that is nothing.
[[nodiscard]] UibcCapability common(const UibcCapability& source, const UibcCapability& sink);

}  // namespace wfdcast::rtsp
