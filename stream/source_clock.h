#pragma once

#include <array>
#include <optional>

#include "base/time.h"
#include "stream/rtcp.h"

namespace wfdcast::stream {

// The source's clock by ours, learned as NTP does it (RFC 5905 section 10): each exchange gives the
// difference, and how wrong that may be by its round trip; of the last ones the quickest is believed.
class SourceClock {
 public:
  static constexpr std::size_t kKept = 8;
  // An exchange that contradicts the last ones by more: the source's clock was set, or it is another one.
  static constexpr Duration kJump = 500ms;

  // We asked at `asked` and had the answer at `answered`; it was sent when the source's clock showed
  // `source`.
  void exchange(Time asked, Time answered, NtpTime source);
  // At the source's time `ntp` its media clock showed `rtp`.
  void media_clock(NtpTime ntp, RtpTime rtp);
  // When, by our clock, the source's media clock shows that; nullopt: not known yet.
  [[nodiscard]] std::optional<Time> when(RtpTime rtp) const;

 private:
  struct Sample {
    Duration ahead{};  // the source's clock, since the first exchange's, less ours
    Duration took{};
  };
  [[nodiscard]] const Sample& best() const;

  NtpTime origin_ = 0;
  std::array<Sample, kKept> samples_{};
  std::size_t count_ = 0, next_ = 0;
  struct Instant {
    NtpTime ntp = 0;
    RtpTime rtp;
  };
  std::optional<Instant> media_;
};

}  // namespace wfdcast::stream
