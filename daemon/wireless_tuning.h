#pragma once

#include <map>
#include <string>

#include "daemon/config.h"
#include "platform/wireless.h"

namespace wfdcast::daemon {

// What a stream wants of the wireless interfaces that it uses, for as long as it lasts: no power save, which
// holds group frames back; and on our own access point or group, group frames as unicast where that takes
// less of it (stream/airtime.h). Everything is put back at the end.
class WirelessTuning {
 public:
  explicit WirelessTuning(const Config::Wifi& config) : config_(config) {}
  ~WirelessTuning() { end(); }
  WirelessTuning(const WirelessTuning&) = delete;
  WirelessTuning& operator=(const WirelessTuning&) = delete;

  // The stream uses this interface; so many receive it by multicast there.
  void use(const std::string& interface, std::size_t multicast_receivers);
  void forget(const std::string& interface) { used_.erase(interface); }  // it has gone
  void end();
  // "off", "on", or why it cannot be had; empty for an interface that is not used.
  [[nodiscard]] std::string multicast_to_unicast(const std::string& interface) const;

 private:
  struct Used {
    bool restore_power_save = false;
    bool unicast = false;
    std::string note = "off";
  };
  [[nodiscard]] bool wants_unicast(std::size_t receivers) const;

  const Config::Wifi& config_;
  std::map<std::string, Used> used_;
};

}  // namespace wfdcast::daemon
