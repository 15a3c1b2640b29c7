#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "base/time.h"

namespace wfdcast::stream {

// IGMPv2 (RFC 2236) and IGMPv3 (RFC 3376): what a member says of one group, and what a querier asks. Messages
// are without their IP header: TTL 1, and the Router Alert option.
inline constexpr Ipv4Address kAllHosts{0xE000'0001};       // 224.0.0.1, to whom a general query goes
inline constexpr Ipv4Address kIgmpV3Reports{0xE000'0016};  // 224.0.0.22
enum class IgmpVersion { V2, V3 };

struct IgmpMessage {
  Ipv4Address target;
  std::array<std::uint8_t, 20> memory{};
  std::size_t size = 0;
  [[nodiscard]] ByteView bytes() const { return ByteView(memory).first(size); }
};
// A membership as it is, as if a querier had asked. `source`: of a source-specific one (always V3), else
// none.
[[nodiscard]] IgmpMessage membership_report(IgmpVersion version, Ipv4Address group, Ipv4Address source);
// To all groups. `response`: members answer within it, up to 12.7 s. `interval`: of the queries (V3 tells
// it).
[[nodiscard]] IgmpMessage general_query(IgmpVersion version, Duration response, Duration interval);

struct HeardQuery {
  Ipv4Address querier;
  Ipv4Address group;  // none: a general query
  bool operator==(const HeardQuery&) const = default;
};
enum class IgmpError { Truncated, NotIgmp, NotAQuery, BadChecksum };
// A whole IPv4 packet, as a raw socket gives it.
[[nodiscard]] Result<HeardQuery, IgmpError> parse_igmp_query(ByteView packet);

}  // namespace wfdcast::stream
