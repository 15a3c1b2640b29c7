#include "rtsp/capabilities.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::size_t kUsualBody = 256;  // room for one from the start

// What Android asks every television, and the connector.
constexpr std::array kStandardQuestions{Name::VideoFormats, Name::AudioCodecs, Name::ClientRtpPorts,
                                        Name::ContentProtection, Name::ConnectorType};
constexpr std::array kWfdcastQuestions{Name::IdrRequestCapability, Name::WfdcastMulticast,
                                       Name::WfdcastRepair};

// Codes in the body of a 303.
constexpr std::string_view kNotSupported = "415";
constexpr std::string_view kInvalidValue = "457";

constexpr std::size_t kMaxConnector = 16;

template <class Bits>
Bits highest(Bits bits) {
  return static_cast<Bits>(std::bit_floor(bits));
}

VideoModes with_lower_partners(VideoModes modes) {
  VideoModes result = modes;
  result.cea |= 1;
  for (const VideoMode& mode : video_modes()) {
    if (mode.interlaced || (modes & mode.bit()).empty()) continue;
    for (const VideoMode& lower : video_modes()) {
      const bool partner = lower.table == mode.table && lower.width == mode.width &&
                           lower.height == mode.height && lower.rate * 2 == mode.rate && !lower.interlaced;
      if (partner) result = result | lower.bit();
    }
  }
  return result;
}

std::string answer(Name name, const SinkCapabilities& capabilities) {
  switch (name) {
    case Name::VideoFormats:
      return serialize(
          VideoFormats{.native = capabilities.native, .preferred = 0, .codecs = capabilities.video});
    case Name::AudioCodecs:
      return serialize(capabilities.audio);
    case Name::ClientRtpPorts:
      return serialize(ClientRtpPorts{capabilities.rtp_port, 0});
    case Name::ConnectorType:
      return capabilities.connector.empty() ? "none" : capabilities.connector;
    case Name::IdrRequestCapability:
      return capabilities.idr_requests ? "1" : "0";
    case Name::WfdcastMulticast:
      return capabilities.multicast ? "supported" : "none";
    case Name::WfdcastRepair:
      return serialize(capabilities.repair);
    case Name::ContentProtection:
    case Name::DisplayEdid:
    case Name::CoupledSink:
    case Name::ThreeDVideoFormats:
    case Name::PreferredDisplayMode:
    case Name::AvFormatChangeTiming:
    case Name::PresentationUrl:
    case Name::TriggerMethod:
    case Name::I2c:
    case Name::UibcCapability:
    case Name::UibcSetting:
    case Name::StandbyResumeCapability:
    case Name::Standby:
    case Name::Route:
    case Name::IdrRequest:
    case Name::WfdcastTransport:
    case Name::WfdcastDelivery:
    case Name::WfdcastGroupKey:
    case Name::Unknown:
      return "none";
  }
  return "none";
}

// Each name once, however often it was asked.
template <class Answer>
std::string answers(const std::vector<Parameter>& questions, Answer answer_to) {
  std::string body;
  std::vector<std::string_view> answered;
  for (const Parameter& question : questions) {
    if (std::find(answered.begin(), answered.end(), question.text) != answered.end()) continue;
    answered.push_back(question.text);
    append_parameter(body, question.text, answer_to(question.name));
  }
  return body;
}

std::uint32_t sent_mode(AudioFormat format) {
  return format == AudioFormat::Lpcm ? kLpcm48kStereo : kAac48kStereo;
}

std::optional<VideoMode> mode_of(const VideoModes& one) {
  for (const VideoMode& mode : video_modes()) {
    if (mode.bit() == one) return mode;
  }
  return std::nullopt;
}

// The video of M4, or the code that refuses it. "none" is no video.
Result<std::optional<VideoFormat>, std::string_view> chosen_video(std::string_view value,
                                                                  const SinkCapabilities& sink) {
  const auto formats = parse_video_formats(value);
  if (!formats) return fail(kInvalidValue);
  if (formats->codecs.empty()) return std::nullopt;
  const VideoCodec& codec = formats->codecs.front();
  const int modes =
      std::popcount(codec.modes.cea) + std::popcount(codec.modes.vesa) + std::popcount(codec.modes.hh);
  if (modes != 1 || codec.profiles == 0 || codec.level == 0) return fail(kInvalidValue);
  const auto mode = mode_of(codec.modes);
  if (!mode) return fail(kNotSupported);
  const VideoFormat video{*mode, H264Profile{highest(codec.profiles)}, H264Level{highest(codec.level)}};
  if (!accepts(sink, StreamFormat{video, std::nullopt})) return fail(kNotSupported);
  return video;
}

Result<std::optional<AudioFormat>, std::string_view> chosen_audio(std::string_view value,
                                                                  const SinkCapabilities& sink) {
  const auto codecs = parse_audio_codecs(value);
  if (!codecs) return fail(kInvalidValue);
  if (codecs->empty()) {
    if (iequals(value, "none")) return std::nullopt;
    return fail(kNotSupported);
  }
  const AudioCodec& codec = codecs->front();
  if (std::popcount(codec.modes) != 1) return fail(kInvalidValue);
  const bool taken = std::any_of(sink.audio.begin(), sink.audio.end(), [&](const AudioCodec& own) {
    return own.format == codec.format && (own.modes & codec.modes) != 0;
  });
  if (!taken) return fail(kNotSupported);
  return codec.format;
}

}  // namespace

std::string capability_questions(SinkKind kind) {
  std::string body;
  body.reserve(kUsualBody);
  for (const Name name : kStandardQuestions) append_name(body, name);
  if (kind == SinkKind::Wfdcast) {
    for (const Name name : kWfdcastQuestions) append_name(body, name);
  }
  return body;
}

Result<SinkCapabilities, ParameterError> parse_capabilities(std::string_view body) {
  const auto parameters = parse_parameters(body);
  if (!parameters) return fail(parameters.error());
  const auto value = [&](Name name) {
    const Parameter* const found = find(*parameters, name);
    return found == nullptr ? std::optional<std::string_view>{} : found->value;
  };
  const auto video_text = value(Name::VideoFormats);
  const auto audio_text = value(Name::AudioCodecs);
  const auto ports_text = value(Name::ClientRtpPorts);
  if (!video_text || !audio_text || !ports_text) return fail(ParameterError::Missing);
  auto video = parse_video_formats(*video_text);
  auto audio = parse_audio_codecs(*audio_text);
  const auto ports = parse_client_rtp_ports(*ports_text);
  if (!video || !audio || !ports) return fail(ParameterError::BadValue);
  SinkCapabilities sink{.video = std::move(video->codecs),
                        .native = video->native,
                        .audio = std::move(*audio),
                        .rtp_port = ports->primary,
                        .connector = {},
                        .idr_requests = value(Name::IdrRequestCapability) == "1",
                        .multicast = iequals(value(Name::WfdcastMulticast).value_or(""), "supported"),
                        .repair = parse_repair(value(Name::WfdcastRepair).value_or(""))};
  const std::string_view connector = value(Name::ConnectorType).value_or("");
  if (!iequals(connector, "none")) sink.connector = printable(connector.substr(0, kMaxConnector));
  return sink;
}

SinkCapabilities offered(SinkCapabilities capabilities) {
  std::vector<VideoCodec> codecs;
  for (const VideoCodec& codec : capabilities.video) {
    for (const H264Profile profile : {H264Profile::ConstrainedBaseline, H264Profile::ConstrainedHigh}) {
      if ((codec.profiles & static_cast<std::uint8_t>(profile)) == 0) continue;
      VideoCodec one = codec;
      one.profiles = static_cast<std::uint8_t>(profile);
      one.level = highest(codec.level);
      one.modes = with_lower_partners(codec.modes);
      codecs.push_back(one);
    }
  }
  capabilities.video = std::move(codecs);
  return capabilities;
}

std::string capability_answers(const std::vector<Parameter>& questions,
                               const SinkCapabilities& capabilities) {
  return answers(questions, [&](Name name) { return answer(name, capabilities); });
}

std::string none_answers(const std::vector<Parameter>& questions) {
  return answers(questions, [](Name) { return "none"; });
}

std::string format_choice(const StreamFormat& format, const SinkCapabilities& sink,
                          std::string_view presentation_url) {
  std::string body;
  body.reserve(kUsualBody);
  if (format.video && !sink.video.empty()) {
    const VideoCodec codec{.profiles = static_cast<std::uint8_t>(format.video->profile),
                           .level = static_cast<std::uint8_t>(format.video->level),
                           .modes = format.video->mode.bit()};
    append_parameter(body, Name::VideoFormats, serialize(VideoFormats{.codecs = {codec}}));
  }
  if (format.audio && !sink.audio.empty()) {
    append_parameter(body, Name::AudioCodecs,
                     serialize(std::vector{AudioCodec{*format.audio, sent_mode(*format.audio)}}));
  }
  append_parameter(body, Name::PresentationUrl, std::string(presentation_url) + " none");
  append_parameter(body, Name::ClientRtpPorts, serialize(ClientRtpPorts{sink.rtp_port, 0}));
  return body;
}

StreamFormat conservative(StreamFormat format, const SinkCapabilities& sink, std::string_view refusal) {
  const auto refused = parse_parameters(refusal);
  const bool video = refused && find(*refused, Name::VideoFormats) != nullptr;
  const bool audio = refused && find(*refused, Name::AudioCodecs) != nullptr;
  const bool everything = !video && !audio;
  if (format.video && (video || everything)) format.video = VideoFormat{};
  const bool lpcm = std::any_of(sink.audio.begin(), sink.audio.end(), [](const AudioCodec& codec) {
    return codec.format == AudioFormat::Lpcm && (codec.modes & kLpcm48kStereo) != 0;
  });
  if (format.audio && lpcm && (audio || everything)) format.audio = AudioFormat::Lpcm;
  return format;
}

Result<StreamFormat, std::string> apply_choice(const std::vector<Parameter>& parameters,
                                               const SinkCapabilities& sink, StreamFormat current) {
  std::string refusal;
  if (const Parameter* const video = find(parameters, Name::VideoFormats)) {
    const auto chosen = chosen_video(video->value, sink);
    if (chosen) current.video = *chosen;
    if (!chosen) append_parameter(refusal, Name::VideoFormats, chosen.error());
  }
  if (const Parameter* const audio = find(parameters, Name::AudioCodecs)) {
    const auto chosen = chosen_audio(audio->value, sink);
    if (chosen) current.audio = *chosen;
    if (!chosen) append_parameter(refusal, Name::AudioCodecs, chosen.error());
  }
  if (!refusal.empty()) return fail(std::move(refusal));
  return current;
}

}  // namespace wfdcast::rtsp
