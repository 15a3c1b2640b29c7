#include "media/ts_output.h"

#include <fmt/format.h>

#include <utility>

#include "media/display_output.h"
#include "media/fifo_output.h"
#include "media/file_output.h"
#include "media/media_url.h"
#include "media/process_output.h"
#include "media/udp_output.h"

namespace wfdcast::media {
namespace {

using Opened = Result<std::unique_ptr<TsOutput>, std::string>;

// null: for measuring, and for a board that only relays.
class NullOutput : public TsOutput {
 public:
  void write(ByteView) override {}
};

Opened open_display(platform::EventLoop& loop, const std::string& helper_directory,
                    TsOutput::OnTrouble on_trouble) {
  const auto program = find_program(helper_directory, "wfd-render");
  if (!program) return fail(fmt::format("wfd-render is neither in \"{}\" nor in PATH", helper_directory));
  return std::make_unique<DisplayOutput>(loop, *program, std::move(on_trouble));
}

Opened open_url(platform::EventLoop& loop, const MediaUrl& url, const std::string& helper_directory,
                TsOutput::OnTrouble on_trouble) {
  switch (url.scheme) {
    case Scheme::Display:
      return open_display(loop, helper_directory, std::move(on_trouble));
    case Scheme::File:
      return FileOutput::open(url.rest, std::move(on_trouble));
    case Scheme::Fifo:
      return FifoOutput::open(loop, url.rest, std::move(on_trouble));
    case Scheme::Udp:
      return UdpOutput::open(loop, url.endpoint);
    case Scheme::Exec:
      return std::make_unique<ProcessOutput>(
          loop,
          ProcessOutput::Program{
              .name = "exec:",
              .command = [command = url.rest] { return std::vector<std::string>{"/bin/sh", "-c", command}; }},
          std::move(on_trouble));
    case Scheme::Null:
      return std::make_unique<NullOutput>();
    case Scheme::Test:
      break;
  }
  return fail(std::string("is not an output"));
}

}  // namespace

Opened open_output(platform::EventLoop& loop, std::string_view url, const std::string& helper_directory,
                   TsOutput::OnTrouble on_trouble) {
  const auto parsed = parse_output_url(url);
  if (!parsed) return fail("sink.output: " + parsed.error());
  auto output = open_url(loop, *parsed, helper_directory, std::move(on_trouble));
  if (!output) return fail(fmt::format("sink.output: {}: {}", url, output.error()));
  return output;
}

Result<void, std::string> check_output(std::string_view url) {
  const auto parsed = parse_output_url(url);
  if (!parsed) return fail(parsed.error());
  return {};
}

}  // namespace wfdcast::media
