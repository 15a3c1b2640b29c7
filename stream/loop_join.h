#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "stream/pes.h"
#include "wfd/sink_capabilities.h"

namespace wfdcast::stream {

// Counts the ADTS frames (ISO 13818-7 section 6.2) that begin in an elementary
// stream which comes in pieces.
class AdtsCounter {
 public:
  // A frame begins at the next byte.
  void start();
  void feed(ByteView bytes);
  // How long the frames since start() play.
  [[nodiscard]] Ticks90 duration() const;

 private:
  static constexpr std::size_t kHead = 6;  // up to the frame length

  void read_head();

  std::uint8_t head_[kHead] = {};
  std::size_t head_size_ = 0;
  std::size_t skip_ = 0;  // bytes up to the next frame
  bool lost_ = false;     // no frame began where one was expected
  std::uint32_t frames_ = 0;
  std::uint32_t rate_ = 0;
};

// The time line of one elementary stream over one pass of a file.
class TrackSpan {
 public:
  void pes(Ticks90 dts, std::size_t payload_size);
  [[nodiscard]] bool empty() const { return !first_; }
  // From the first time stamp to the end of the last PES packet. `last` is that
  // packet's duration where it is known; else it is taken from the others.
  [[nodiscard]] Ticks90 length(std::optional<Ticks90> last, bool by_size) const;

 private:
  std::optional<Ticks90> first_;
  Ticks90 last_ = 0;
  std::size_t last_size_ = 0;
  Ticks90 ticks_ = 0;        // the sum of plausible steps,
  std::int64_t steps_ = 0;   // how many they were,
  std::uint64_t bytes_ = 0;  // and the payload that they played
};

// Learns during a pass of a file by how much the next pass must be later, so
// that in each stream the last frame has its normal duration.
class LoopJoin {
 public:
  void video_pes(const PesHeader& header);
  // `payload` begins at the PES header when `header` is given.
  void audio(const PesHeader* header, ByteView payload, AudioFormat format);
  // The pass is over: what its successor adds to the time stamps of this one.
  [[nodiscard]] Ticks90 finish();

 private:
  TrackSpan video_, audio_;
  AdtsCounter adts_;
  AudioFormat format_ = AudioFormat::Aac;
};

}  // namespace wfdcast::stream
