#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "media/ts_input.h"
#include "media/ts_output.h"
#include "platform/system.h"
#include "tests/unit/platform_loop.h"

// What the tests of media/ share.
namespace wfdcast::media {

// A folder of its own, and a loop; SIGPIPE is ignored as in the daemon.
class MediaTest : public ::testing::Test {
 protected:
  MediaTest() {
    std::string name = ::testing::TempDir() + "wfd-media-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    platform::prepare_process();
  }
  ~MediaTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + '/' + name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration limit = 10s) {
    return platform::run_until(loop_, done, limit);
  }

  platform::EventLoop loop_;
  std::string directory_;
};

// `count` TS packets whose bytes tell them apart.
inline std::string packets(std::size_t count, std::size_t first = 0) {
  std::string ts;
  for (std::size_t i = first; i < first + count; ++i) {
    std::string packet = "\x47" + std::to_string(i);
    packet.resize(188, static_cast<char>(i));
    ts += packet;
  }
  return ts;
}

// An input, what came out of it and what it complained about.
struct OpenedInput {
  OpenedInput(platform::EventLoop& loop, const std::string& url, const InputEnvironment& environment = {}) {
    auto opened = open_input(loop, url, environment,
                             {.on_bytes = [this](ByteView view) { bytes += as_text(view); },
                              .on_restart = [this] { bytes += "|"; },
                              .on_trouble = [this](const std::string& line) { troubles.push_back(line); }});
    if (opened) {
      input = std::move(*opened);
    } else {
      error = opened.error();
    }
  }
  std::string bytes, error;
  std::vector<std::string> troubles;
  std::unique_ptr<TsInput> input;
};

struct OpenedOutput {
  OpenedOutput(platform::EventLoop& loop, const std::string& url, const std::string& helpers = {}) {
    auto opened =
        open_output(loop, url, helpers, [this](const std::string& line) { troubles.push_back(line); });
    if (opened) {
      output = std::move(*opened);
    } else {
      error = opened.error();
    }
  }
  std::string error;
  std::vector<std::string> troubles;
  std::unique_ptr<TsOutput> output;
};

// 640x480p60, constrained baseline 3.1, AAC, 2 Mbit/s.
inline EncoderSettings vga() {
  return {.format = {.video = VideoFormat{}, .audio = AudioFormat::Aac}, .bitrate = 2'000'000};
}

}  // namespace wfdcast::media
