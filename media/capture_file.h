#pragma once

#include "media/capture_options.h"
#include "media/program.h"

namespace wfdcast::media {

// Decodes a file into the inter* elements of this process, again and again.
// It is a pipeline of its own, so that neither its end nor a fault in it
// disturbs the encoder's clock; meanwhile the last picture stands.
class FileFeed {
 public:
  // Throws ProgramError when the file cannot be read.
  explicit FileFeed(const CaptureOptions& options);
  ~FileFeed();
  FileFeed(const FileFeed&) = delete;
  FileFeed& operator=(const FileFeed&) = delete;
  void start();

 private:
  void on_message(GstMessage* message);
  void start_over();

  Owned<GstElement> player_;
  bool played_ = false;  // something came out since the last start
};

}  // namespace wfdcast::media
