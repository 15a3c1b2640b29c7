#include "media/ts_input.h"

#include <fmt/format.h>

#include <utility>

#include "media/fifo_input.h"
#include "media/file_input.h"
#include "media/media_url.h"
#include "media/process_input.h"
#include "media/udp_input.h"

namespace wfdcast::media {
namespace {

using Opened = Result<std::unique_ptr<TsInput>, std::string>;

std::vector<std::string> capture_command(const std::string& program, const EncoderSettings& settings) {
  std::vector<std::string> command{program, "--test"};
  for (const std::string_view option : {"--size={width}x{height}", "--rate={rate}", "--bitrate={bitrate}",
                                        "--profile={profile}", "--level={level}", "--audio={audio}"}) {
    command.push_back(fill_in(option, settings));
  }
  return command;
}

Opened open_test(platform::EventLoop& loop, const InputEnvironment& environment,
                 TsInput::Callbacks callbacks) {
  if (const auto program = find_program(environment.helper_directory, "wfd-capture")) {
    return std::make_unique<ProcessInput>(
        loop,
        ProcessInput::Program{
            .name = "wfd-capture",
            .command = [program = *program](
                           const EncoderSettings& settings) { return capture_command(program, settings); },
            .network = platform::Network::None},
        std::move(callbacks));
  }
  if (callbacks.on_trouble) {
    callbacks.on_trouble(
        fmt::format("test: wfd-capture is neither in \"{}\" nor in PATH, playing the clip {}",
                    environment.helper_directory, environment.clip));
  }
  auto input = FileInput::open(loop, environment.clip, std::move(callbacks));
  if (!input)
    return fail(fmt::format("wfd-capture is not installed, and {}: {}", environment.clip, input.error()));
  return input;
}

Opened open_exec(platform::EventLoop& loop, const std::string& command, TsInput::Callbacks callbacks) {
  return std::make_unique<ProcessInput>(loop,
                                        ProcessInput::Program{.name = "exec:",
                                                              .command =
                                                                  [command](const EncoderSettings& settings) {
                                                                    return std::vector<std::string>{
                                                                        "/bin/sh", "-c",
                                                                        fill_in(command, settings)};
                                                                  }},
                                        std::move(callbacks));
}

Opened open_url(platform::EventLoop& loop, const MediaUrl& url, const InputEnvironment& environment,
                TsInput::Callbacks callbacks) {
  switch (url.scheme) {
    case Scheme::Test:
      return open_test(loop, environment, std::move(callbacks));
    case Scheme::File:
      return FileInput::open(loop, url.rest, std::move(callbacks));
    case Scheme::Fifo:
      return FifoInput::open(loop, url.rest, std::move(callbacks));
    case Scheme::Udp:
      return UdpInput::open(loop, url.endpoint, std::move(callbacks));
    case Scheme::Exec:
      return open_exec(loop, url.rest, std::move(callbacks));
    case Scheme::Display:
    case Scheme::Null:
      break;
  }
  return fail(std::string("is not an input"));
}

}  // namespace

Opened open_input(platform::EventLoop& loop, std::string_view url, const InputEnvironment& environment,
                  TsInput::Callbacks callbacks) {
  const auto parsed = parse_input_url(url);
  if (!parsed) return fail("source.input: " + parsed.error());
  auto input = open_url(loop, *parsed, environment, std::move(callbacks));
  if (!input) return fail(fmt::format("source.input: {}: {}", url, input.error()));
  return input;
}

Result<void, std::string> check_input(std::string_view url) {
  const auto parsed = parse_input_url(url);
  if (!parsed) return fail(parsed.error());
  return {};
}

}  // namespace wfdcast::media
