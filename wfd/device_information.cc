#include "wfd/device_information.h"

#include <cassert>

namespace wfdcast {
namespace {

constexpr std::size_t kBodySize = 6;
constexpr std::uint16_t kRoleMask = 0x0003;
// Session availability is a field of two bits; 01 is "available", 10 and 11 are reserved.
constexpr std::uint16_t kAvailabilityMask = 0x0030;
constexpr std::uint16_t kAvailable = 0x0010;

}  // namespace

std::optional<Subelement> next_subelement(ByteReader& in) {
  if (in.remaining() == 0) return std::nullopt;
  Subelement element;
  element.id = in.u8();
  element.body = in.bytes(in.u16());
  if (!in.ok()) return std::nullopt;
  return element;
}

void write_subelement(ByteWriter& out, std::uint8_t id, ByteView body) {
  assert(body.size() <= 0xFFFF);
  out.u8(id);
  out.u16(static_cast<std::uint16_t>(body.size()));
  out.bytes(body);
}

std::optional<DeviceInformation> parse_device_information(ByteView body) {
  ByteReader in(body);
  const std::uint16_t bitmap = in.u16();
  DeviceInformation information;
  information.role = static_cast<Role>(bitmap & kRoleMask);
  information.available = (bitmap & kAvailabilityMask) == kAvailable;
  information.control_port = in.u16();
  information.max_throughput = in.u16();
  if (!in.ok()) return std::nullopt;
  return information;
}

void write_device_information(ByteWriter& out, const DeviceInformation& information) {
  out.u8(DeviceInformation::kId);
  out.u16(kBodySize);
  const auto role = static_cast<std::uint16_t>(information.role);
  out.u16(static_cast<std::uint16_t>(role | (information.available ? kAvailable : 0)));
  out.u16(information.control_port);
  out.u16(information.max_throughput);
}

}  // namespace wfdcast
