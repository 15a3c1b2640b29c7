#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace wfdcast::stream {

// What one look at the beginning of a picture shows.
struct PictureStart {
  bool key = false;  // an SPS or a slice of an IDR picture is seen
  // profile_idc, constraint flags, level_idc of its SPS.
  std::optional<std::array<std::uint8_t, 3>> profile;
};
// `bytes` begins at the first byte of an access unit in Annex B form.
[[nodiscard]] PictureStart look_at_picture(ByteView bytes);

// A sequence parameter set (H.264 section 7.3.2.1.1).
struct SequenceParameters {
  std::uint8_t profile = 0, constraints = 0, level = 0;  // as in the stream
  unsigned width = 0, height = 0;                        // after cropping
  bool interlaced = false;
  unsigned rate = 0;  // frames a second, rounded, from the VUI; 0: not told
};
// The first SPS in Annex B `bytes`; nullopt: none, or cut off, or not valid.
[[nodiscard]] std::optional<SequenceParameters> find_sps(ByteView bytes);

}  // namespace wfdcast::stream
