#pragma once

#include "base/endpoint.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

enum class GroupKind { AnySource, SourceSpecific };

// A group for this board: 239.255.x.y, or 232.255.x.y; the same each time, and another one for each attempt.
// x is neither 0 nor 128, as in the groups that switches flood, and y neither 0 nor 255.
[[nodiscard]] constexpr Ipv4Address choose_group(const DeviceId& board, unsigned attempt, GroupKind kind) {
  std::uint32_t hash = 2'166'136'261U + attempt;  // FNV-1a
  for (const std::uint8_t byte : board.bytes) hash = (hash ^ byte) * 16'777'619U;
  hash ^= hash >> 16;
  std::uint32_t high = hash / 254 % 254 + 1, low = hash % 254 + 1;
  if (high >= 128) ++high;
  const std::uint32_t first = kind == GroupKind::SourceSpecific ? 232 : 239;
  return {first << 24 | 255U << 16 | high << 8 | low};
}

}  // namespace wfdcast::stream
