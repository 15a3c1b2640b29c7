#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "base/time.h"
#include "wfd/device_information.h"
#include "wfd/ids.h"

namespace wfdcast::discovery {

inline constexpr std::size_t kMaxDatagram = 512;
inline constexpr int kRequiredTtl = 255;  // less: it crossed a router, dropped

using Cookie = std::array<std::uint8_t, 16>;
enum class SinkState : std::uint8_t { Available = 0, Busy = 1, Playing = 2, Paused = 3, Standby = 4 };

// "I am here": a sink's announcement; docs/protocol.md has the layout.
struct Beacon {
  DeviceId id;
  std::string name;  // UTF-8 as sent, at most 64 bytes; printable() before it is shown
  Ipv4Address address;
  DeviceInformation information;
  std::uint64_t boot_id = 0;   // random at each start
  std::uint32_t sequence = 0;  // rises within one boot id
  SinkState state = SinkState::Available;
  std::chrono::milliseconds interval{1000};
  std::optional<Cookie> cookie;  // echoed from the last probe of the source it goes to
  // Paired mode, in the copies with a cookie; signed then.
  std::optional<PublicKey> key{};
  std::optional<Cookie> invitation_cookie{};  // for that source to bring back in invitations
  bool operator==(const Beacon&) const = default;
};
// A source asks sinks to answer at once, and gives the cookie to echo (none in a broadcast probe).
struct Probe {
  DeviceId id;
  std::optional<Cookie> cookie;
  bool operator==(const Probe&) const = default;
};
enum class Purpose : std::uint8_t { Session = 0, Pairing = 1 };
// A source asks a sink to connect to the RTSP control port in `information`.
struct Invitation {
  DeviceId source, sink;
  std::string name;  // of the source
  DeviceInformation information;
  InvitationToken token;
  std::uint64_t boot_id = 0;  // the sink's, from its beacon
  std::uint32_t sequence = 0;
  // Paired mode; signed then.
  Purpose purpose = Purpose::Session;
  std::optional<PublicKey> key{};
  std::optional<Cookie> cookie{};  // the invitation cookie of the sink's beacon
  bool operator==(const Invitation&) const = default;
};
// A sink leaves.
struct Goodbye {
  DeviceId id;
  std::uint64_t boot_id = 0;
  std::uint32_t sequence = 0;
  std::optional<Cookie> cookie;
  bool operator==(const Goodbye&) const = default;
};
using Announcement = std::variant<Beacon, Probe, Invitation, Goodbye>;

// A datagram whose last field is a signature over all that is before it.
struct Sealed {
  ByteView message;
  Signature signature;
};
[[nodiscard]] std::optional<Sealed> sealed(ByteView datagram);
void append_signature(std::vector<std::uint8_t>& datagram, const Signature& signature);

enum class AnnouncementError { Truncated, TooLong, BadMagic, UnknownVersion, UnknownKind, Missing, BadField };

[[nodiscard]] Result<Announcement, AnnouncementError> parse_announcement(ByteView datagram);
[[nodiscard]] std::vector<std::uint8_t> serialize(const Announcement& announcement);
[[nodiscard]] const char* to_string(AnnouncementError error);
[[nodiscard]] const char* to_string(SinkState state);

}  // namespace wfdcast::discovery
