#pragma once

#include <algorithm>
#include <string_view>

#include "daemon/config.h"

namespace wfdcast::daemon {

// ALPN names of what our boards say to each other inside TLS.
inline constexpr std::string_view kRtspProtocol = "wfdcast-rtsp/1";
inline constexpr std::string_view kPairProtocol = "wfdcast-pair/1";
inline constexpr std::string_view kInputProtocol = "wfdcast-input/1";  // UIBC, on a port of its own
// Right after pairing: nothing but the mutual handshake that makes a pending entry trusted.
inline constexpr std::string_view kProveProtocol = "wfdcast-prove/1";

// What may connect through an interface, in either direction: plain WFD, or only TLS with a key that we
// trust.
enum class Access { Plain, Trusted };
[[nodiscard]] inline Access access_on(const Config& config, std::string_view interface) {
  const auto& open = config.security.open_interfaces;
  if (config.security.mode == SecurityMode::Open) return Access::Plain;
  return std::ranges::find(open, interface) != open.end() ? Access::Plain : Access::Trusted;
}

}  // namespace wfdcast::daemon
