#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "media/program.h"

namespace wfdcast::media {

// Counts what was decoded. Fed by GStreamer's threads, read by the main loop.
class RenderReport {
 public:
  void bytes(std::size_t count);
  // A decoded picture and its caps; kept, for a snapshot.
  void picture(GstBuffer* buffer, GstCaps* caps);
  // Decoded sound, 16-bit samples.
  void sound(GstBuffer* buffer);
  void warning();
  void error();

  [[nodiscard]] std::uint64_t pictures() const;
  [[nodiscard]] std::uint64_t outputs() const;  // pictures and pieces of sound
  // The picture that was decoded last; null before the first.
  struct UnrefSample {
    void operator()(GstSample* sample) const { gst_sample_unref(sample); }
  };
  using Sample = std::unique_ptr<GstSample, UnrefSample>;
  [[nodiscard]] Sample last_picture() const;

  // One JSON object in one line.
  [[nodiscard]] std::string json() const;

 private:
  [[nodiscard]] double seconds() const;

  mutable std::mutex mutex_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::uint64_t bytes_ = 0;
  std::uint64_t pictures_ = 0;
  std::uint64_t distinct_pictures_ = 0;  // differ from the one before
  std::uint64_t damaged_pictures_ = 0;   // the decoder had to guess
  std::uint64_t last_hash_ = 0;
  double first_picture_ = -1, first_sound_ = -1;  // seconds after the start
  std::uint64_t audio_buffers_ = 0;
  double sound_seconds_ = 0;
  int sound_peak_ = 0;  // of 32768, since the start
  std::uint64_t warnings_ = 0, errors_ = 0;
  Sample last_;
};

}  // namespace wfdcast::media
