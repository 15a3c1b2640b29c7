#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

// Parity on request (docs/protocol.md section 4): Reed-Solomon over GF(2^8) in
// the Cauchy form. Any n parity packets of a window bring back any n packets of it.
inline constexpr std::uint8_t kPayloadTypeParity = 97;
inline constexpr std::uint16_t kParityPort = 6;  // above the group's RTP port
inline constexpr unsigned kMostInWindow = 100;   // packets
inline constexpr unsigned kMostParity = 128;     // of one window
inline constexpr std::size_t kParityHeader = 12;
// What a parity packet protects of each: payload length, RTP time, payload.
inline constexpr std::size_t kSymbolHeader = 6;
inline constexpr std::size_t kMaxSymbol = kSymbolHeader + kTsPacketsPerRtp * kTsPacket;
inline constexpr std::size_t kMaxParityPacket = kRtpHeader + kParityHeader + kTsPacketsPerRtp * kTsPacket;

using Symbol = std::array<std::uint8_t, kMaxSymbol>;

// Of the packet at place `column` of the window in parity packet `index`.
[[nodiscard]] std::uint8_t parity_factor(std::uint8_t index, std::uint8_t column);

struct ParityPacket {
  Ssrc ssrc;
  std::uint16_t base = 0;    // sequence of the window's first packet
  std::uint8_t count = 0;    // packets in the window
  std::uint8_t index = 0;    // which parity of it
  std::uint8_t to_come = 0;  // of the same answer
  ByteView symbol{};         // kSymbolHeader bytes, and the longest payload
};
// nullopt: not a parity packet, or against its rules.
[[nodiscard]] std::optional<ParityPacket> parse_parity(ByteView datagram);

// Adds factor times an RTP packet to a symbol.
void add_packet(Symbol& symbol, RtpTime timestamp, ByteView payload, std::uint8_t factor);

// Builds the parity packets of windows.
class ParityEncoder {
 public:
  ParityEncoder(Ssrc ssrc, std::uint16_t first_sequence) : ssrc_(ssrc), sequence_(first_sequence) {}
  void begin() {
    symbol_.fill(0);
    longest_ = 0;
  }
  // The packet at place `column`, as it was sent.
  void add(ByteView rtp, std::uint8_t index, std::uint8_t column);
  // `what` says all but ssrc and symbol. The bytes stay valid until the next call.
  [[nodiscard]] ByteView finish(const ParityPacket& what, RtpTime timestamp);

 private:
  Ssrc ssrc_;
  std::uint16_t sequence_;
  Symbol symbol_{};
  std::size_t longest_ = 0;
  std::array<std::uint8_t, kMaxParityPacket> packet_{};
};

}  // namespace wfdcast::stream
