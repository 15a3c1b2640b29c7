// Parameter bodies and the Transport header: what was parsed and written is a
// fixed point of parsing and writing.
#include <cstdlib>

#include "base/bytes.h"
#include "rtsp/capabilities.h"
#include "rtsp/group_key.h"
#include "rtsp/session.h"
#include "rtsp/transport.h"
#include "rtsp/value.h"

namespace {

using namespace wfdcast;
using namespace wfdcast::rtsp;

void require(bool fact) {
  if (!fact) std::abort();
}

template <class Parse>
void fixed_point(std::string_view value, Parse parse) {
  const auto first = parse(value);
  if (!first) return;
  const std::string text = serialize(*first);
  const auto second = parse(text);
  require(second && *second == *first && serialize(*second) == text);
}

SinkCapabilities display() {
  SinkCapabilities sink;
  sink.video = {{.profiles = 3, .level = 0x10, .modes = {.cea = 0x1E1}}};
  sink.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}, {AudioFormat::Aac, kAac48kStereo, 0}};
  return offered(sink);
}

void read_value(Name name, std::string_view value) {
  if (const auto strict = canonical(name, value)) require(canonical(name, *strict) == strict);
  fixed_point(value, parse_video_formats);
  fixed_point(value, parse_audio_codecs);
  fixed_point(value, parse_client_rtp_ports);
  fixed_point(value, parse_wfdcast_header);
  fixed_point(value, parse_group_key);
  // A port of 0 stands for "absent", which no text says in unicast.
  const auto transport = parse_transport(value);
  if (transport && transport->client.rtp != 0) fixed_point(value, parse_transport);
  (void)parse_presentation_url(value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text({data, size});
  const auto parameters = parse_parameters(body);
  if (!parameters) return 0;
  require(parameters->size() <= kMaxParameters);
  for (const Parameter& parameter : *parameters) read_value(parameter.name, parameter.value);
  const SinkCapabilities sink = display();
  const std::string answers = capability_answers(*parameters, sink);
  require(answers.size() <= body.size() + kMaxParameters * 8 + 512);
  const auto chosen = apply_choice(*parameters, sink, {});
  if (chosen && chosen->video) require(accepts(sink, {chosen->video, std::nullopt}).has_value());
  if (const auto capabilities = parse_capabilities(body)) {
    const auto again = parse_capabilities(capability_answers(
        *parse_parameters("wfd_video_formats\nwfd_audio_codecs\nwfd_client_rtp_ports\n"), *capabilities));
    require(capabilities->r2 ||
            (again && again->video == capabilities->video && again->audio == capabilities->audio));
    (void)conservative({VideoFormat{}, AudioFormat::Aac}, *capabilities, body);
  }
  return 0;
}
