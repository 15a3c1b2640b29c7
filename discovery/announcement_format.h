#pragma once

#include <cstddef>
#include <cstdint>

#include "discovery/announcement.h"

// What the reader and the writer of announcements share (docs/protocol.md lists it).
namespace wfdcast::discovery {

constexpr std::uint32_t kMagic = 0x57464443;  // "WFDC"
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderSize = 6;
constexpr std::size_t kMaxName = 64;
constexpr std::uint8_t kIpv4 = 1;  // IANA address family number

enum class Kind : std::uint8_t { Beacon = 1, Probe = 2, Invitation = 3, Goodbye = 4 };

enum class Tlv : std::uint8_t {
  DeviceInformation = wfdcast::DeviceInformation::kId,
  DeviceId = 128,
  Name = 129,
  Address = 130,
  BootId = 131,
  Sequence = 132,
  State = 133,
  Interval = 134,
  PublicKey = 135,
  ProbeCookie = 136,
  Signature = 137,
  Token = 138,
  Recipient = 139,
  InvitationCookie = 140,
  Purpose = 141,
};
constexpr std::uint8_t kFirstOwn = 128, kLastOwn = 141;
constexpr std::size_t kSignatureTlv = 3 + 64;

}  // namespace wfdcast::discovery
