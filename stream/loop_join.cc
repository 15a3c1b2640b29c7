#include "stream/loop_join.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wfdcast::stream {
namespace {

// A step between time stamps beyond this is a break in the file, not a frame.
constexpr Ticks90 kLongestStep = 2 * 90'000;
constexpr std::int64_t kSamplesPerFrame = 1024;
// sampling_frequency_index (ISO 14496-3 table 1.18).
constexpr std::array<std::uint32_t, 13> kRates = {96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                                  22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
constexpr std::size_t kAdtsHeader = 7;

}  // namespace

void AdtsCounter::start() {
  frames_ = 0;
  head_size_ = 0;
  skip_ = 0;
  lost_ = false;
}

void AdtsCounter::feed(ByteView bytes) {
  while (!lost_ && !bytes.empty()) {
    const std::size_t skipped = std::min(skip_, bytes.size());
    skip_ -= skipped;
    bytes = bytes.subspan(skipped);
    const std::size_t taken = std::min(kHead - head_size_, bytes.size());
    std::copy_n(bytes.begin(), taken, head_ + head_size_);
    head_size_ += taken;
    bytes = bytes.subspan(taken);
    if (head_size_ == kHead) read_head();
  }
}

void AdtsCounter::read_head() {
  const std::size_t rate = head_[2] >> 2 & 0x0F;
  const std::size_t length = (head_[3] & 0x03u) << 11 | std::size_t{head_[4]} << 3 | head_[5] >> 5;
  head_size_ = 0;
  if (head_[0] != 0xFF || (head_[1] & 0xF6) != 0xF0 || rate >= kRates.size() || length < kAdtsHeader) {
    lost_ = true;
    return;
  }
  ++frames_;
  rate_ = kRates[rate];
  skip_ = length - kHead;
}

Ticks90 AdtsCounter::duration() const {
  if (rate_ == 0) return 0;
  return (frames_ * kSamplesPerFrame * 90'000 + rate_ / 2) / rate_;
}

void TrackSpan::pes(Ticks90 dts, std::size_t payload_size) {
  if (!first_) {
    first_ = dts;
  } else if (const Ticks90 step = timestamp_difference(dts, last_); step > 0 && step <= kLongestStep) {
    ticks_ += step;
    ++steps_;
    bytes_ += last_size_;
  }
  last_ = dts;
  last_size_ = payload_size;
}

Ticks90 TrackSpan::length(std::optional<Ticks90> last, bool by_size) const {
  if (!last && by_size && bytes_ > 0) {
    const auto bytes = static_cast<std::int64_t>(bytes_);
    last = std::min(ticks_ * static_cast<std::int64_t>(last_size_) / bytes, kLongestStep);
  }
  if (!last) last = steps_ > 0 ? (ticks_ + steps_ / 2) / steps_ : 0;
  return timestamp_plus(timestamp_plus(last_, -*first_), *last);
}

void LoopJoin::video_pes(const PesHeader& header) {
  if (header.dts) video_.pes(*header.dts, header.payload_size);
}

void LoopJoin::audio(const PesHeader* header, ByteView payload, AudioFormat format) {
  format_ = format;
  if (header != nullptr) {
    if (header->dts) {
      audio_.pes(*header->dts, header->payload_size);
      adts_.start();
    }
    payload = payload.subspan(header->size);
  }
  if (format == AudioFormat::Aac) adts_.feed(payload);
}

Ticks90 LoopJoin::finish() {
  const std::optional<Ticks90> counted =
      adts_.duration() > 0 ? std::optional(adts_.duration()) : std::nullopt;
  const bool aac = format_ == AudioFormat::Aac;
  std::optional<Ticks90> longest;
  if (!video_.empty()) longest = video_.length(std::nullopt, false);
  if (!audio_.empty()) {
    const Ticks90 length = audio_.length(aac ? counted : std::nullopt, !aac);
    if (!longest || timestamp_difference(length, *longest) > 0) longest = length;
  }
  *this = LoopJoin();
  return longest.value_or(0);
}

}  // namespace wfdcast::stream
