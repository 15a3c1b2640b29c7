#pragma once

#include <cstdint>

namespace wfdcast::stream {

// What part of the air a stream takes, roughly. The rates are not known here: those of group frames (the
// lowest basic rate of OFDM) and of a station that hears well (802.11n, one spatial stream), without
// aggregation.
struct Airtime {
  static constexpr double kGroupRate = 6e6, kStationRate = 65e6;  // bit/s
  static constexpr double kAccess = 121e-6,
                          kAcknowledge = 44e-6;  // s a frame: DIFS, mean back-off, preamble; SIFS, ACK
  static constexpr double kHeaders = 64;         // bytes: MAC, LLC, IP, UDP

  double group = 0;     // one copy to all
  double stations = 0;  // one to each
};

[[nodiscard]] constexpr Airtime estimate_airtime(double bitrate, double packets_a_second, int sinks) {
  const double bits = bitrate + packets_a_second * Airtime::kHeaders * 8;
  return {.group = packets_a_second * Airtime::kAccess + bits / Airtime::kGroupRate,
          .stations = sinks * (packets_a_second * (Airtime::kAccess + Airtime::kAcknowledge) +
                               bits / Airtime::kStationRate)};
}

}  // namespace wfdcast::stream
