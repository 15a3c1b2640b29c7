#pragma once

#include "stream/rtp.h"

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

// Whether a copy to each of so many takes less than one slow copy to all: of full packets, at any bitrate.
[[nodiscard]] constexpr bool cheaper_by_stations(int sinks) {
  constexpr double kPackets = 100;
  const Airtime air = estimate_airtime(kPackets * kMaxRtpPacket * 8, kPackets, sinks);
  return air.stations <= air.group;
}

}  // namespace wfdcast::stream
