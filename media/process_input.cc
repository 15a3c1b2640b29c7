#include "media/process_input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wfdcast::media {

ProcessInput::ProcessInput(platform::EventLoop& loop, Program program, Callbacks callbacks)
    : loop_(loop),
      command_(std::move(program.command)),
      callbacks_(std::move(callbacks)),
      child_(loop,
             {.command = [this] { return command_(settings_); },
              .pipe_stdin = true,
              .pipe_stdout = true,
              .name = std::move(program.name),
              .network = program.network},
             {.on_started = [this](platform::Child& child) { on_started(child); },
              .on_gone = [this] { on_gone(); },
              .on_trouble = callbacks_.on_trouble}) {}

void ProcessInput::start(const EncoderSettings& settings) {
  settings_ = settings;
  paused_ = false;
  child_.start();
}

void ProcessInput::stop() { child_.stop(); }

void ProcessInput::set_bitrate(std::uint64_t bitrate) {
  settings_.bitrate = bitrate;  // the next child begins with it
  order(fmt::format("bitrate {}", bitrate));
}

void ProcessInput::pause() {
  paused_ = true;
  order("pause");
}

void ProcessInput::resume() {
  paused_ = false;
  order("resume");
}

void ProcessInput::on_started(platform::Child& child) {
  output_ = child.stdout_fd();
  watch_.emplace(loop_, output_, platform::Watch::On::Read, [this] { (void)read(); });
  if (paused_) order("pause");
}

// What a short-lived child left in the pipe is still wanted.
void ProcessInput::on_gone() {
  watch_->disable();  // not destroyed: we may be inside its callback
  if (child_.running() == nullptr) return;
  constexpr int kMostReads = 32;  // more than a pipe holds: a child of the child may go on writing
  for (int i = 0; i < kMostReads && read(); ++i) {
  }
}

bool ProcessInput::read() {
  const ssize_t size = ::read(output_, buffer_.data(), buffer_.size());
  if (size > 0) {
    callbacks_.on_bytes({buffer_.data(), static_cast<std::size_t>(size)});
    return true;
  }
  if (size < 0 && errno == EINTR) return true;
  // At the end the child is about to exit, or has closed its stdout: nothing more comes.
  if (size == 0 || errno != EAGAIN) watch_->disable();
  return false;
}

// A child that does not read its orders fills the pipe; then they are lost on it.
void ProcessInput::order(const std::string& line) {
  platform::Child* child = child_.running();
  if (child == nullptr) return;
  const std::string text = line + '\n';
  (void)!::write(child->stdin_fd(), text.data(), text.size());
}

}  // namespace wfdcast::media
