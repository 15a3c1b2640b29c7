#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

inline constexpr std::uint8_t kSyncByte = 0x47;
inline constexpr std::uint16_t kPatPid = 0x0000;
inline constexpr std::uint16_t kNullPid = 0x1FFF;

// The first four bytes of a TS packet (ISO 13818-1 table 2-2).
struct TsHeader {
  std::uint32_t value = 0;
  [[nodiscard]] bool transport_error() const { return (value & 0x0080'0000) != 0; }
  [[nodiscard]] bool payload_start() const { return (value & 0x0040'0000) != 0; }
  [[nodiscard]] std::uint16_t pid() const { return static_cast<std::uint16_t>(value >> 8 & 0x1FFF); }
  [[nodiscard]] bool scrambled() const { return (value & 0xC0) != 0; }
  [[nodiscard]] bool has_adaptation() const { return (value & 0x20) != 0; }
  [[nodiscard]] bool has_payload() const { return (value & 0x10) != 0; }
  [[nodiscard]] std::uint8_t continuity() const { return value & 0x0F; }
};

// A program clock reference or a difference of two: 27 MHz, modulo 2^33 * 300.
using Ticks27 = std::int64_t;
inline constexpr Ticks27 kPcrModulus = (Ticks27{1} << 33) * 300;
[[nodiscard]] Ticks27 pcr_plus(Ticks27 pcr, Ticks27 difference);
// a - b, the short way round.
[[nodiscard]] Ticks27 pcr_difference(Ticks27 a, Ticks27 b);
constexpr Duration duration_of(Ticks27 ticks) { return Duration(ticks * 1000 / 27); }
constexpr Ticks27 ticks_of(Duration duration) { return duration.count() * 27 / 1000; }

// A packet cut into its parts.
struct TsPacket {
  TsHeader header;
  ByteView adaptation;  // behind its length byte: flags first; empty: none
  ByteView payload;

  [[nodiscard]] bool discontinuity() const { return flag(0x80); }
  [[nodiscard]] bool random_access() const { return flag(0x40); }
  [[nodiscard]] std::optional<Ticks27> pcr() const;

 private:
  [[nodiscard]] bool flag(std::uint8_t bit) const {
    return !adaptation.empty() && (adaptation[0] & bit) != 0;
  }
};
// `packet` holds kTsPacket bytes and begins with the sync byte. nullopt: the
// adaptation field runs past the end, or its control bits are reserved.
[[nodiscard]] std::optional<TsPacket> parse_ts_packet(const std::uint8_t* packet);

// Writes the six bytes of a PCR.
void write_pcr(std::uint8_t* out, Ticks27 pcr);

}  // namespace wfdcast::stream
