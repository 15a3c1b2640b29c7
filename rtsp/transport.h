#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wfd/transport.h"

namespace wfdcast::rtsp {

// Where old dongles receive that ask SETUP without client_port.
inline constexpr std::uint16_t kDefaultClientPort = 19000;

enum class TransportError {
  UnknownProfile,  // not RTP/AVP over UDP
  BadPort,         // not 1 to 65535, or RTP and RTCP the same
  BadField,        // an address, ttl or ssrc that is none
  NoGroup,         // multicast without a multicast destination
};
[[nodiscard]] const char* to_string(TransportError error);

// The Transport header (RFC 2326 section 12.39). Of several transports the
// first that is RTP over UDP is taken. A port field that is absent leaves its
// ports 0; so does an RTCP port of 0, which some televisions send. Unknown
// fields are ignored.
[[nodiscard]] Result<Transport, TransportError> parse_transport(std::string_view value);
[[nodiscard]] std::string serialize(const Transport& transport);

}  // namespace wfdcast::rtsp
