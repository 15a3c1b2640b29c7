#pragma once

#include <array>
#include <cstdint>

#include "stream/psi.h"
#include "stream/ts_packet.h"

namespace wfdcast::stream {

// The PIDs of WFD (and of every source that sinks were tested with).
inline constexpr std::uint16_t kPmtPid = 0x0100;
inline constexpr std::uint16_t kPcrPid = 0x1000;
inline constexpr std::uint16_t kVideoPid = 0x1011;
inline constexpr std::uint16_t kAudioPid = 0x1100;

// Writes the packets of a WFD program that are not elementary stream: PAT, PMT
// and PCR. Each writes kTsPacket bytes.
class ProgramWriter {
 public:
  // profile_idc, constraint flags, level_idc
  using VideoProfile = std::array<std::uint8_t, 3>;

  ProgramWriter();
  // What the PMT lists; another version than before.
  void set_program(const Program& program);
  void set_profile(const VideoProfile& profile);

  void write_pat(std::uint8_t* out);
  void write_pmt(std::uint8_t* out);
  // The value is written later, at pcr_field(out).
  void write_pcr(std::uint8_t* out, bool discontinuity) const;
  [[nodiscard]] static std::uint8_t* pcr_field(std::uint8_t* packet) { return packet + 6; }

 private:
  using Packet = std::array<std::uint8_t, kTsPacket>;
  void build_pmt();

  Packet pat_{}, pmt_{};
  std::uint8_t pat_continuity_ = 0, pmt_continuity_ = 0;
  std::uint8_t version_ = 0;
  Program program_;
  std::optional<VideoProfile> profile_;
};

}  // namespace wfdcast::stream
