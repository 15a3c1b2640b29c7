#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/strong.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

inline constexpr std::size_t kTsPacket = 188;
inline constexpr std::size_t kTsPacketsPerRtp = 7;  // 1316 bytes: fits any 1500-byte MTU
inline constexpr std::size_t kRtpHeader = 12;
inline constexpr std::size_t kMaxRtpPacket = kRtpHeader + kTsPacketsPerRtp * kTsPacket;
inline constexpr std::uint8_t kPayloadTypeMp2t = 33;  // RFC 3551
inline constexpr std::uint32_t kRtpClock = 90'000;    // ticks a second

using RtpTime = Strong<struct RtpTimeTag, std::uint32_t>;  // 90 kHz, wraps
using RtpBuffer = std::array<std::uint8_t, kMaxRtpPacket>;

inline std::uint32_t load_be32(const std::uint8_t* from) {
  return static_cast<std::uint32_t>(from[0]) << 24 | static_cast<std::uint32_t>(from[1]) << 16 |
         static_cast<std::uint32_t>(from[2]) << 8 | static_cast<std::uint32_t>(from[3]);
}
inline void store_be32(std::uint8_t* to, std::uint32_t value) {
  to[0] = static_cast<std::uint8_t>(value >> 24);
  to[1] = static_cast<std::uint8_t>(value >> 16);
  to[2] = static_cast<std::uint8_t>(value >> 8);
  to[3] = static_cast<std::uint8_t>(value);
}

// The fixed header of RFC 3550 section 5.1, and the payload behind CSRCs,
// extension and padding.
struct RtpPacket {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  RtpTime timestamp;
  Ssrc ssrc;
  ByteView payload{};
};
// nullopt: not version 2, or shorter than it says.
[[nodiscard]] std::optional<RtpPacket> parse_rtp(ByteView datagram);

// Wraps MPEG-TS packets into RTP (RFC 2250). One instance for one SSRC; every
// receiver of a stream gets the same packets.
class RtpPacketizer {
 public:
  RtpPacketizer(Ssrc ssrc, std::uint16_t first_sequence) : ssrc_(ssrc), sequence_(first_sequence) {}
  // `ts` holds 1 to 7 whole TS packets. Returns the part of `out` in use.
  [[nodiscard]] ByteView packetize(ByteView ts, RtpTime timestamp, RtpBuffer& out);
  // The header alone, in front of TS packets that stand there already.
  void write_header(RtpTime timestamp, RtpBuffer& out) {
    constexpr std::uint32_t kVersionAndType = 0x8000'0000 | kPayloadTypeMp2t << 16;
    store_be32(out.data(), kVersionAndType | sequence_++);
    store_be32(out.data() + 4, timestamp.value);
    store_be32(out.data() + 8, ssrc_.value);
  }
  [[nodiscard]] std::uint16_t next_sequence() const { return sequence_; }

 private:
  Ssrc ssrc_;
  std::uint16_t sequence_;
};

}  // namespace wfdcast::stream
