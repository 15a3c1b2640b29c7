#include "daemon/wireless_tuning.h"

#include "platform/log.h"
#include "stream/airtime.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using platform::Toggle;

bool WirelessTuning::wants_unicast(std::size_t receivers) const {
  switch (config_.multicast_to_unicast) {
    case MulticastToUnicast::Auto:
      return receivers > 0 && stream::cheaper_by_stations(static_cast<int>(receivers));
    case MulticastToUnicast::On:
      return receivers > 0;
    case MulticastToUnicast::Off:
      return false;
  }
  return false;
}

void WirelessTuning::use(const std::string& interface, std::size_t multicast_receivers) {
  const auto [found, is_new] = used_.try_emplace(interface);
  Used& used = found->second;
  if (is_new && !config_.power_save && platform::power_save(interface) == Toggle::On) {
    const auto off = platform::set_power_save(interface, Toggle::Off);
    used.restore_power_save = off.has_value();
    log(Severity::Info, "wifi: power save of {} {}", interface,
        off ? "is off while it plays" : "cannot be switched off: " + off.error().message());
  }
  const bool wanted = wants_unicast(multicast_receivers);
  if (wanted == used.unicast) return;
  const auto done = platform::set_multicast_to_unicast(interface, wanted ? Toggle::On : Toggle::Off);
  if (done) {
    used.note = wanted ? "on" : "off";
    log(Severity::Info, "wifi: group frames of {} as unicast: {}", interface, used.note);
  } else {
    used.note = done.error().message();
    log(Severity::Debug, "wifi: group frames of {} as unicast: {}", interface, used.note);
  }
  used.unicast = wanted;  // also where it cannot be had: asked once
}

void WirelessTuning::end() {
  for (const auto& [interface, used] : used_) {
    if (used.restore_power_save) (void)platform::set_power_save(interface, Toggle::On);
    if (used.note == "on") (void)platform::set_multicast_to_unicast(interface, Toggle::Off);
  }
  used_.clear();
}

std::string WirelessTuning::multicast_to_unicast(const std::string& interface) const {
  const auto used = used_.find(interface);
  return used == used_.end() ? std::string() : used->second.note;
}

}  // namespace wfdcast::daemon
