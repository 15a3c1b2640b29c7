#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace wfdcast::stream {

// A presentation or decoding time stamp, or a difference: 90 kHz, 33 bits.
using Ticks90 = std::int64_t;
inline constexpr Ticks90 kTimestampModulus = Ticks90{1} << 33;
[[nodiscard]] Ticks90 timestamp_plus(Ticks90 timestamp, Ticks90 difference);
// a - b, the short way round.
[[nodiscard]] Ticks90 timestamp_difference(Ticks90 a, Ticks90 b);

// The beginning of a PES packet (ISO 13818-1 table 2-21).
struct PesHeader {
  std::optional<Ticks90> pts;
  std::optional<Ticks90> dts;    // as told; equal to pts where it is not
  std::size_t size = 0;          // of the header: where the elementary stream begins
  std::size_t payload_size = 0;  // 0: not told
};
// nullopt: no PES start code, or the header does not end within `bytes`.
[[nodiscard]] std::optional<PesHeader> parse_pes_header(ByteView bytes);

// Adds `difference` to the time stamps of the header at the front of `bytes`,
// which parse_pes_header() has read.
void shift_timestamps(ByteSpan bytes, Ticks90 difference);

}  // namespace wfdcast::stream
