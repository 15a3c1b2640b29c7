#include "stream/reception_statistics.h"

#include <algorithm>
#include <cstdlib>

namespace wfdcast::stream {
namespace {

// A difference beyond this is a step of a clock, which says nothing on jitter.
constexpr std::int32_t kMaxDifference = static_cast<std::int32_t>(kRtpClock);

std::uint32_t to_ticks(Time time) {
  const auto ns = time.time_since_epoch().count();
  return static_cast<std::uint32_t>(ns / 100'000 * 9 + ns % 100'000 * 9 / 100'000);
}

// The block's fields wrap at, or are held within, what they can say.
std::int32_t clamp24(std::int64_t lost) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(lost, -0x80'0000, 0x7F'FFFF));
}

}  // namespace

void ReceptionStatistics::received(const SequenceTracker::Place& place, RtpTime rtp, Time now) {
  if (place.step == SequenceTracker::Step::Restarted) received_ = expected_prior_ = received_prior_ = 0;
  if (received_++ == 0) base_ = highest_ = place.extended;
  base_ = std::min(base_, place.extended);
  highest_ = std::max(highest_, place.extended);
  update_jitter(rtp, now);
}

void ReceptionStatistics::update_jitter(RtpTime rtp, Time now) {
  const std::uint32_t transit = to_ticks(now) - rtp.value;
  if (transit_) {
    const auto difference = static_cast<std::int32_t>(transit - *transit_);
    if (difference > -kMaxDifference && difference < kMaxDifference) {
      jitter_ += static_cast<std::uint32_t>(std::abs(difference)) - ((jitter_ + 8) >> 4);
    }
  }
  transit_ = transit;
}

void ReceptionStatistics::sender_report(const SenderReport& report, Time now) {
  last_sr_ = static_cast<std::uint32_t>(report.ntp >> 16);
  last_sr_arrival_ = now;
}

std::optional<ReportBlock> ReceptionStatistics::report_block(Ssrc media, Time now) {
  if (received_ == received_prior_) return std::nullopt;
  const std::uint64_t expected = highest_ - base_ + 1;
  const std::uint64_t expected_now = expected - expected_prior_;
  const std::uint64_t received_now = received_ - received_prior_;
  expected_prior_ = expected;
  received_prior_ = received_;

  ReportBlock block{media};
  if (expected_now > received_now) {
    block.fraction_lost = static_cast<std::uint8_t>(((expected_now - received_now) << 8) / expected_now);
  }
  block.cumulative_lost = clamp24(static_cast<std::int64_t>(expected) - static_cast<std::int64_t>(received_));
  // The first cycle is the tracker's room for older packets.
  block.highest_sequence = static_cast<std::uint32_t>(highest_ - 0x1'0000);
  block.jitter = jitter_ >> 4;
  block.last_sr = last_sr_;
  if (last_sr_ != 0) {
    const auto since = std::max(now - last_sr_arrival_, Duration{});
    block.delay_since_last_sr = static_cast<std::uint32_t>(since / 1us * 65'536 / 1'000'000);
  }
  return block;
}

Duration ReceptionStatistics::jitter() const { return Duration(std::int64_t{jitter_ >> 4} * 100'000 / 9); }

}  // namespace wfdcast::stream
