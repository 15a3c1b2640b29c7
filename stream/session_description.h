#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "wfd/stream_format.h"

namespace wfdcast::stream {

// The group as other programs take it: an SDP description (RFC 8866) of MPEG-TS in RTP (RFC 2250).
struct SessionDescription {
  std::string name;
  std::uint64_t id = 1, version = 1;
  Ipv4Address source;  // whose packets
  Endpoint group;      // RTP; RTCP has the next port
  int ttl = 1;
};
[[nodiscard]] std::string serialize(const SessionDescription& description);

// Announcements of it (SAP, RFC 2974).
inline constexpr std::uint16_t kSapPort = 9875;
enum class SapKind { Announcement, Deletion };
// Where a group of this scope is announced.
[[nodiscard]] Endpoint sap_target(Ipv4Address group);
// `hash` changes with the description.
[[nodiscard]] std::vector<std::uint8_t> sap_packet(SapKind kind, std::uint16_t hash,
                                                   const SessionDescription& description);

}  // namespace wfdcast::stream
