#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "stream/rtcp.h"

namespace wfdcast::stream {

// What a source sends: SR, SDES, and BYE when it ends (RFC 3550 section 6.1).
struct SourceCompound {
  SenderReport report;  // counts, and one instant on both clocks
  std::string cname;
  std::optional<std::string> bye{};  // its reason, may be empty
  std::optional<GroupSize> group{};  // towards a group
};
// What a sink sends: RR, SDES, what its output has ("wfdc"), and BYE.
struct SinkCompound {
  Ssrc ssrc;
  std::optional<ReportBlock> block;  // nullopt: nothing came since the last one
  std::string cname;
  std::optional<PlayoutReport> playout{};  // nullopt: the source is not one of ours
  std::optional<std::string> bye{};
  std::optional<Nack> nack{};
  std::optional<Echo> echo{};
  std::optional<NtpTime> clock{};  // ours, to learn the source's
};
[[nodiscard]] std::vector<std::uint8_t> serialize(const SourceCompound& compound);
[[nodiscard]] std::vector<std::uint8_t> serialize(const SinkCompound& compound);

// NTP time from time since 1970 (the system clock's).
[[nodiscard]] NtpTime to_ntp(Duration since_1970);

}  // namespace wfdcast::stream
