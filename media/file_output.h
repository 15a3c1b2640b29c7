#pragma once

#include <memory>
#include <string>

#include "media/ts_output.h"
#include "platform/fd.h"

namespace wfdcast::media {

// file: emptied when it is opened; one stream after the other goes into it.
// What does not fit on the disk is dropped, in whole TS packets.
class FileOutput : public TsOutput {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TsOutput>, std::string> open(const std::string& path,
                                                                           OnTrouble on_trouble);
  FileOutput(std::string path, platform::Fd file, OnTrouble on_trouble);

  void write(ByteView ts) override;
  [[nodiscard]] std::uint64_t dropped_bytes() const override { return dropped_; }

 private:
  void drop(ByteView rest, int error);

  std::string path_;
  platform::Fd file_;
  OnTrouble on_trouble_;
  bool complained_ = false;  // about the trouble that lasts
  std::uint64_t dropped_ = 0;
};

}  // namespace wfdcast::media
