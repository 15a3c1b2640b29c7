#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong.h"

namespace wfdcast {

// Names a device for good: the beacon's device id TLV. Shown as 32 hex digits.
struct DeviceId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const DeviceId&) const = default;
};

// A secret of one invitation: whoever brings it back was invited.
struct InvitationToken {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const InvitationToken&) const = default;
};

// An Ed25519 public key (RFC 8032), and a signature made with its private half.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const PublicKey&) const = default;
};
struct Signature {
  std::array<std::uint8_t, 64> bytes{};
  auto operator<=>(const Signature&) const = default;
};

// An RTSP session inside one daemon; never on the wire.
using SessionId = Strong<struct SessionIdTag, std::uint32_t>;

// A synchronisation source of RTP (RFC 3550 section 3).
using Ssrc = Strong<struct SsrcTag, std::uint32_t>;

[[nodiscard]] std::string to_string(const DeviceId& id);
[[nodiscard]] std::string to_string(const InvitationToken& token);
// Exactly 32 hex digits.
[[nodiscard]] std::optional<DeviceId> parse_device_id(std::string_view text);
[[nodiscard]] std::optional<PublicKey> parse_public_key(std::string_view text);  // exactly 64
[[nodiscard]] std::optional<InvitationToken> parse_token(std::string_view text);

}  // namespace wfdcast
