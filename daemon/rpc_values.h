#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/environment.h"
#include "daemon/interfaces.h"
#include "wfd/stream_format.h"

namespace wfdcast::daemon {

// Values that the answers of both roles share.
[[nodiscard]] std::string video_text(const std::optional<StreamFormat>& format);  // "1280x720p30"
[[nodiscard]] std::string audio_text(const std::optional<StreamFormat>& format);  // "AAC"
[[nodiscard]] double seconds_since(Time then, Time now);                          // to the millisecond
// role, name, id, version, uptime_s, interface, interfaces, address, warnings.
[[nodiscard]] nlohmann::json common_status(const Environment& environment, const Interfaces& interfaces,
                                           Time started, Time now);

}  // namespace wfdcast::daemon
