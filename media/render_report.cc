#include "media/render_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>

namespace wfdcast::media {
namespace {

// Tells pictures apart, eight bytes at a time; nothing more is asked of it.
std::uint64_t hash(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = bytes.size();
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    value = (value ^ word) * 0x9E3779B97F4A7C15ULL;
    value ^= value >> 32;
  }
  return value;
}

constexpr double kBytesPerSecond = 48000.0 * 2 * 2;  // what the caps before the sink say

}  // namespace

double RenderReport::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void RenderReport::bytes(std::size_t count) {
  const std::lock_guard lock(mutex_);
  bytes_ += count;
}

void RenderReport::picture(GstBuffer* buffer, GstCaps* caps) {
  std::uint64_t picture_hash = 0;
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    picture_hash = hash({map.data, map.size});
    gst_buffer_unmap(buffer, &map);
  }
  Sample sample(gst_sample_new(buffer, caps, nullptr, nullptr));
  const std::lock_guard lock(mutex_);
  if (pictures_++ == 0) first_picture_ = seconds();
  if (picture_hash != last_hash_) ++distinct_pictures_;
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED)) ++damaged_pictures_;
  last_hash_ = picture_hash;
  std::swap(last_, sample);
}

void RenderReport::sound(GstBuffer* buffer) {
  int peak = 0;
  double length = 0;
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    for (std::size_t at = 0; at + 2 <= map.size; at += 2) {
      std::int16_t value = 0;
      std::memcpy(&value, map.data + at, 2);
      peak = std::max(peak, std::abs(int{value}));
    }
    length = static_cast<double>(map.size) / kBytesPerSecond;
    gst_buffer_unmap(buffer, &map);
  }
  const std::lock_guard lock(mutex_);
  if (audio_buffers_++ == 0) first_sound_ = seconds();
  sound_seconds_ += length;
  sound_peak_ = std::max(sound_peak_, peak);
}

void RenderReport::warning() {
  const std::lock_guard lock(mutex_);
  ++warnings_;
}

void RenderReport::error() {
  const std::lock_guard lock(mutex_);
  ++errors_;
}

std::uint64_t RenderReport::pictures() const {
  const std::lock_guard lock(mutex_);
  return pictures_;
}

std::uint64_t RenderReport::outputs() const {
  const std::lock_guard lock(mutex_);
  return pictures_ + audio_buffers_;
}

RenderReport::Sample RenderReport::last_picture() const {
  const std::lock_guard lock(mutex_);
  return Sample(last_ ? gst_sample_ref(last_.get()) : nullptr);
}

std::string RenderReport::json() const {
  const std::lock_guard lock(mutex_);
  int width = 0, height = 0;
  if (last_) {
    const GstStructure* caps = gst_caps_get_structure(gst_sample_get_caps(last_.get()), 0);
    gst_structure_get_int(caps, "width", &width);
    gst_structure_get_int(caps, "height", &height);
  }
  return fmt::format(
      R"({{"seconds":{:.3f},"bytes":{},"pictures":{},"distinct_pictures":{},"damaged_pictures":{},"width":{},"height":{},)"
      R"("first_picture_s":{:.3f},"audio_buffers":{},"audio_seconds":{:.3f},"audio_peak":{:.4f},"first_audio_s":{:.3f},)"
      R"("warnings":{},"errors":{}}})",
      seconds(), bytes_, pictures_, distinct_pictures_, damaged_pictures_, width, height, first_picture_,
      audio_buffers_, sound_seconds_, sound_peak_ / 32768.0, first_sound_, warnings_, errors_);
}

}  // namespace wfdcast::media
