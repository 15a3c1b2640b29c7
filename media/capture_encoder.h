#pragma once

#include <memory>
#include <string>

#include "media/capture_options.h"
#include "media/program.h"

namespace wfdcast::media {

struct EncoderKind;

// The H.264 encoder of the pipeline: hardware where it is found and opens,
// else x264enc, else openh264enc. No B pictures, CAVLC, one slice a picture,
// an IDR picture on order.
class VideoEncoder {
 public:
  // Throws ProgramError when there is none, or not the one that was asked for.
  [[nodiscard]] static VideoEncoder choose(const CaptureOptions& options);

  // "x264enc name=encoder ! video/x-h264,profile=...", for the pipeline.
  [[nodiscard]] std::string description() const;
  // Once the pipeline is made: takes its element and sets it up.
  void attach(GstElement* element);
  // False where the encoder cannot while it runs.
  [[nodiscard]] bool set_bitrate(std::uint64_t bitrate);
  void request_idr();

 private:
  VideoEncoder(const EncoderKind& kind, const CaptureOptions& options) : kind_(&kind), options_(options) {}

  const EncoderKind* kind_;
  CaptureOptions options_;
  GstElement* element_ = nullptr;
};

}  // namespace wfdcast::media
