#pragma once

#include <optional>

#include "base/time.h"
#include "stream/rtcp.h"
#include "stream/sequence_tracker.h"

namespace wfdcast::stream {

// What our receiver reports say about one source (RFC 3550 appendices A.3, A.8).
class ReceptionStatistics {
 public:
  // A packet that was not seen before.
  void received(const SequenceTracker::Place& place, RtpTime rtp, Time now);
  void sender_report(const SenderReport& report, Time now);

  // nullopt: nothing came since the last one (section 6.4.2). Ends an interval.
  [[nodiscard]] std::optional<ReportBlock> report_block(Ssrc media, Time now);
  [[nodiscard]] Duration jitter() const;

 private:
  void update_jitter(RtpTime rtp, Time now);

  std::uint64_t base_ = 0, highest_ = 0;  // extended
  std::uint64_t received_ = 0;
  std::uint64_t expected_prior_ = 0, received_prior_ = 0;
  std::optional<std::uint32_t> transit_;  // of the last packet, in ticks
  std::uint32_t jitter_ = 0;              // 16 times the estimate, in ticks
  std::uint32_t last_sr_ = 0;
  Time last_sr_arrival_{};
};

}  // namespace wfdcast::stream
