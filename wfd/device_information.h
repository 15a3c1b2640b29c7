#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace wfdcast {

// WFD subelements and our datagrams share one layout: id (1 byte), length (2
// bytes, big-endian), body.
struct Subelement {
  std::uint8_t id = 0;
  ByteView body;
};
// The next subelement, or nullopt at the end. A length that runs past the end
// makes `in` not ok().
[[nodiscard]] std::optional<Subelement> next_subelement(ByteReader& in);
void write_subelement(ByteWriter& out, std::uint8_t id, ByteView body);

enum class Role : std::uint8_t { Source = 0, PrimarySink = 1, SecondarySink = 2, Dual = 3 };

// WFD Device Information subelement (id 0), six bytes: bitmap, control port,
// maximum throughput in Mbit/s.
struct DeviceInformation {
  static constexpr std::uint8_t kId = 0;
  Role role = Role::PrimarySink;
  bool available = true;              // session availability, bits 5:4 = 01
  std::uint16_t control_port = 7236;  // RTSP port of a source
  std::uint16_t max_throughput = 50;
  bool operator==(const DeviceInformation&) const = default;
};
// Longer bodies: the prefix counts. nullopt when shorter than six bytes.
[[nodiscard]] std::optional<DeviceInformation> parse_device_information(ByteView body);
void write_device_information(ByteWriter& out, const DeviceInformation& information);  // with its header

}  // namespace wfdcast
