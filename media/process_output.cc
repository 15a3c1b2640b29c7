#include "media/process_output.h"

#include <utility>

namespace wfdcast::media {

ProcessOutput::ProcessOutput(platform::EventLoop& loop, Program program, OnTrouble on_trouble)
    : loop_(loop),
      on_trouble_(std::move(on_trouble)),
      child_(loop,
             {.command = std::move(program.command),
              .pipe_stdin = true,
              .drain = kDrain,
              .name = std::move(program.name),
              .network = program.network},
             {.on_started =
                  [this](platform::Child& child) {
                    writer_.emplace(loop_, child.stdin_fd(), [this] { on_broken(); });
                    if (on_reader_) on_reader_();
                  },
              .on_gone =
                  [this] {
                    dropped_ += writer_->dropped_bytes() + writer_->waiting();
                    writer_.reset();
                  },
              .on_trouble = on_trouble_}) {}

void ProcessOutput::write(ByteView ts) {
  if (writer_) {
    writer_->write(ts);
  } else {
    dropped_ += ts.size();
  }
}

std::uint64_t ProcessOutput::dropped_bytes() const {
  return dropped_ + (writer_ ? writer_->dropped_bytes() : 0);
}

// It closed its stdin: usually it dies now. One that does not is ended, to be started again.
void ProcessOutput::on_broken() {
  if (platform::Child* child = child_.running()) child->stop(SupervisedChild::kGrace);
}

}  // namespace wfdcast::media
