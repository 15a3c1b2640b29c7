#include "rtsp/capabilities.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.h"
#include "rtsp/edid.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::size_t kUsualBody = 256;  // room for one from the start

// What is asked of whom. What no television knows, no television sees; our own
// sinks told their names by beacon, and have no HDCP.
struct Question {
  Name name;
  bool of_standard = true, of_wfdcast = true;
};
constexpr std::array kQuestions{Question{Name::VideoFormats},
                                Question{Name::AudioCodecs},
                                Question{Name::ClientRtpPorts},
                                Question{Name::ContentProtection, true, false},
                                Question{Name::DisplayEdid},
                                Question{Name::ConnectorType},
                                Question{Name::StandbyResumeCapability},
                                Question{Name::IdrRequestCapability},
                                Question{Name::IntelFriendlyName, true, false},
                                Question{Name::WfdcastMulticast, false, true},
                                Question{Name::WfdcastRepair, false, true}};

constexpr std::size_t kMaxConnector = 16;
constexpr std::size_t kMaxName = 64;

template <class Bits>
Bits highest(Bits bits) {
  return static_cast<Bits>(std::bit_floor(bits));
}

// Bits of wfd_video_formats that R1 does not name are set by some televisions,
// and mean nothing.
VideoModes r1_only(const VideoModes& modes) {
  static const VideoModes all = [] {
    VideoModes known;
    for (const VideoMode& mode : video_modes()) {
      if (!mode.r2) known = known | mode.bit();
    }
    return known;
  }();
  return modes & all;
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

// As Windows takes it: so many bytes, which end with a whole character, and no hyphen.
std::string friendly_name(std::string_view name) {
  constexpr std::size_t kMost = 18;
  std::string text = printable(name.substr(0, kMost));
  std::replace(text.begin(), text.end(), '-', ' ');
  const std::string_view trimmed = trim(text);
  return trimmed.empty() ? "none" : std::string(trimmed);
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
    case Name::DisplayEdid:
      return serialize(DisplayEdid{.supported = !capabilities.edid.empty(), .hex = capabilities.edid});
    case Name::StandbyResumeCapability:
      return capabilities.standby ? "supported" : "none";
    case Name::IntelFriendlyName:
      return friendly_name(capabilities.name);
    case Name::UibcCapability:
      return serialize(capabilities.uibc);
    // HDCP, 3D, a coupled sink, another display mode, I2C, R2 and what
    // vendors add: not supported.
    default:
      return "none";
  }
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
    if (!mode.r2 && mode.bit() == one) return mode;
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

std::string capability_questions(SinkKind kind, Generation generation, InputInterest input) {
  std::string body;
  body.reserve(kUsualBody);
  for (const Question& question : kQuestions) {
    if (kind == SinkKind::Wfdcast ? question.of_wfdcast : question.of_standard)
      append_name(body, question.name);
  }
  if (generation == Generation::R2) append_name(body, Name::Wfd2VideoFormats);
  if (input == InputInterest::Wanted) append_name(body, Name::UibcCapability);
  return body;
}

namespace {

// The picture as R2 says it, where it does; else as R1 does.
bool read_video(SinkCapabilities& sink, std::string_view r1, std::string_view r2) {
  auto newer = r2.empty() ? std::nullopt : parse_video_formats_r2(r2);
  sink.r2 = newer && !newer->codecs.empty();
  auto video = sink.r2 ? std::move(newer) : parse_video_formats(r1);
  if (!video) return false;
  sink.native = video->native;
  sink.video = std::move(video->codecs);
  if (!sink.r2) {
    for (VideoCodec& codec : sink.video) codec.modes = r1_only(codec.modes);
  }
  return true;
}

std::string text_or_nothing(std::string_view value, std::size_t most) {
  return iequals(value, "none") ? std::string() : printable(value.substr(0, most));
}

}  // namespace

Result<SinkCapabilities, ParameterError> parse_capabilities(std::string_view body) {
  const auto parameters = parse_parameters(body);
  if (!parameters) return fail(parameters.error());
  const auto find_value = [&](Name name) {
    const Parameter* const found = find(*parameters, name);
    return found == nullptr ? std::optional<std::string_view>{} : found->value;
  };
  const auto value = [&](Name name) { return find_value(name).value_or(""); };
  // Asked for both generations, a sink of the second leaves the first out.
  const auto audio_text = find_value(Name::AudioCodecs);
  const auto ports_text = find_value(Name::ClientRtpPorts);
  const std::string_view r2 = value(Name::Wfd2VideoFormats);
  if ((!find_value(Name::VideoFormats) && r2.empty()) || !audio_text || !ports_text)
    return fail(ParameterError::Missing);
  SinkCapabilities sink;
  auto audio = parse_audio_codecs(*audio_text);
  const auto ports = parse_client_rtp_ports(*ports_text);
  if (!read_video(sink, value(Name::VideoFormats), r2) || !audio || !ports)
    return fail(ParameterError::BadValue);
  sink.audio = std::move(*audio);
  sink.rtp_port = ports->primary;
  sink.connector = text_or_nothing(value(Name::ConnectorType), kMaxConnector);
  sink.idr_requests = value(Name::IdrRequestCapability) == "1";
  sink.multicast = iequals(value(Name::WfdcastMulticast), "supported");
  sink.repair = parse_repair(value(Name::WfdcastRepair));
  sink.standby = iequals(value(Name::StandbyResumeCapability), "supported");
  sink.name = text_or_nothing(value(Name::IntelFriendlyName), kMaxName);
  if (auto edid = parse_display_edid(value(Name::DisplayEdid))) sink.edid = std::move(edid->hex);
  if (auto uibc = parse_uibc_capability(value(Name::UibcCapability))) sink.uibc = std::move(*uibc);
  const std::string_view protection = value(Name::ContentProtection);
  sink.protection = text_or_nothing(protection, kMaxName);
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

std::string format_change(const StreamFormat& format, const SinkCapabilities& sink) {
  std::string body;
  body.reserve(kUsualBody);
  if (format.video && !sink.video.empty()) {
    const VideoCodec codec{.profiles = static_cast<std::uint8_t>(format.video->profile),
                           .level = static_cast<std::uint8_t>(format.video->level),
                           .modes = format.video->mode.bit()};
    const VideoFormats chosen{.codecs = {codec}};
    if (sink.r2) append_parameter(body, Name::Wfd2VideoFormats, serialize_r2(chosen));
    if (!sink.r2) append_parameter(body, Name::VideoFormats, serialize(chosen));
  }
  if (format.audio && !sink.audio.empty()) {
    append_parameter(body, Name::AudioCodecs,
                     serialize(std::vector{AudioCodec{*format.audio, sent_mode(*format.audio)}}));
  }
  return body;
}

std::string format_choice(const StreamFormat& format, const SinkCapabilities& sink,
                          std::string_view presentation_url) {
  std::string body = format_change(format, sink);
  append_parameter(body, Name::PresentationUrl, std::string(presentation_url) + " none");
  append_parameter(body, Name::ClientRtpPorts, serialize(ClientRtpPorts{sink.rtp_port, 0}));
  if (sink.standby) append_parameter(body, Name::StandbyResumeCapability, "supported");
  return body;
}

StreamFormat conservative(StreamFormat format, const SinkCapabilities& sink, std::string_view refusal) {
  const auto refused = parse_parameters(refusal);
  const bool video = refused && (find(*refused, Name::VideoFormats) != nullptr ||
                                 find(*refused, Name::Wfd2VideoFormats) != nullptr);
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
