#include "media/process_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace wfdcast::media {

ProcessOutput::ProcessOutput(platform::EventLoop& loop, Program program, OnTrouble on_trouble)
    : loop_(loop),
      on_trouble_(std::move(on_trouble)),
      child_(loop,
             {.command = std::move(program.command),
              .pipe_stdin = true,
              .pipe_stdout = true,
              .drain = kDrain,
              .name = std::move(program.name),
              .network = program.network},
             {.on_started =
                  [this](platform::Child& child) {
                    writer_.emplace(loop_, child.stdin_fd(), [this] { on_broken(); });
                    if (on_reader_) on_reader_();
                    lines_ = {};
                    const int fd = child.stdout_fd();
                    output_.emplace(loop_, fd, platform::Watch::On::Read, [this, fd] { read(fd); });
                  },
              .on_gone =
                  [this] {
                    dropped_ += writer_->dropped_bytes() + writer_->waiting();
                    writer_.reset();
                    output_->disable();  // not destroyed: we may be inside its callback
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

// A little at a time: a child that only talks takes no more than its share of the loop.
void ProcessOutput::read(int fd) {
  std::array<char, 4096> bytes;
  const ssize_t size = ::read(fd, bytes.data(), bytes.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) return output_->disable();
  lines_.push({bytes.data(), static_cast<std::size_t>(size)}, [this](std::string_view line) { take(line); });
}

void ProcessOutput::take(std::string_view line) {
  if (const auto input = parse_input_line(line)) {
    if (on_input_) on_input_(*input);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

// It closed its stdin: usually it dies now. One that does not is ended, to be started again.
void ProcessOutput::on_broken() {
  if (platform::Child* child = child_.running()) child->stop(SupervisedChild::kGrace);
}

}  // namespace wfdcast::media
