#pragma once

#include <cstdint>
#include <optional>

#include "base/endpoint.h"
#include "wfd/ids.h"

namespace wfdcast {

enum class Delivery : std::uint8_t { Unicast, Multicast };

// An RTP port and its RTCP port; rtcp 0: no RTCP.
struct PortPair {
  std::uint16_t rtp = 0, rtcp = 0;
  bool operator==(const PortPair&) const = default;
};

// The Transport header (RFC 2326 section 12.39) as WFD and wfdcast use it.
// Unicast: client_port, server_port. Multicast: destination, port, ttl,
// server_port, source, ssrc.
struct Transport {
  Delivery delivery = Delivery::Unicast;
  PortPair client{};          // where the sink receives: client_port=, in multicast port=
  PortPair server{};          // where the source sends from: server_port=
  Ipv4Address destination{};  // the group; none in unicast
  std::uint8_t ttl = 0;       // of the group
  Ipv4Address source{};       // whose packets to take
  std::optional<Ssrc> ssrc{};
  bool operator==(const Transport&) const = default;
};

}  // namespace wfdcast
