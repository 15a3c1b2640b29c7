#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace wfdcast::platform {

// Settings of a wireless interface, by nl80211 (libnl). Each call is one request that the kernel answers
// before it returns. Changes need CAP_NET_ADMIN. ENODEV: no such interface; EOPNOTSUPP: not wireless, or not
// of the right type.

enum class Toggle { Off, On };

// Group frames as unicast to each station (Linux 4.10 and later; AP and P2P group owner only): acknowledged,
// and at the station's own rate instead of the lowest basic one.
[[nodiscard]] Result<void> set_multicast_to_unicast(const std::string& interface, Toggle toggle);
// A station of an access point, or the client of a group owner; false too where that is not known.
[[nodiscard]] bool is_station(const std::string& interface);
[[nodiscard]] Result<Toggle> power_save(const std::string& interface);
[[nodiscard]] Result<void> set_power_save(const std::string& interface, Toggle toggle);

}  // namespace wfdcast::platform
