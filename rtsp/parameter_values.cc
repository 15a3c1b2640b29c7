#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/text.h"
#include "rtsp/parameters.h"

namespace wfdcast::rtsp {
namespace {

// The words of a value, without memory of their own. No value has more that
// count; what follows is left out.
class Words {
 public:
  explicit Words(std::string_view text) {
    const char* next = text.data();
    const char* const end = next + text.size();
    while (count_ < words_.size() && (next = std::find_if_not(next, end, is_blank)) != end) {
      const char* const begin = std::exchange(next, std::find_if(next, end, is_blank));
      words_[count_++] = {begin, next};
    }
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const { return words_[i]; }
  [[nodiscard]] std::span<const std::string_view> all() const { return std::span(words_).first(count_); }

 private:
  std::array<std::string_view, 16> words_;
  std::size_t count_ = 0;
};

void append_hex(std::string& out, std::uint32_t value, unsigned digits) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::array<char, 8> text;
  for (unsigned i = 0; i < digits; ++i) text[i] = kDigits[value >> 4 * (digits - 1 - i) & 0xF];
  out.append(text.data(), digits);
}

// The hex fields of a codec in wfd_video_formats, in order: profile, level,
// CEA, VESA, HH, latency, minimal slice, slice encoding, frame rate control.
// Strict peers count characters, so each is emitted with exactly these digits.
constexpr std::array<unsigned, 9> kCodecDigits{2, 2, 8, 8, 8, 2, 4, 4, 2};
using CodecFields = std::array<std::uint32_t, kCodecDigits.size()>;

CodecFields fields_of(const VideoCodec& codec) {
  return {codec.profiles, codec.level,     codec.modes.cea,      codec.modes.vesa,        codec.modes.hh,
          codec.latency,  codec.min_slice, codec.slice_encoding, codec.frame_rate_control};
}

VideoCodec codec_of(const CodecFields& fields) {
  return {.profiles = static_cast<std::uint8_t>(fields[0]),
          .level = static_cast<std::uint8_t>(fields[1]),
          .modes = {.cea = fields[2], .vesa = fields[3], .hh = fields[4]},
          .latency = static_cast<std::uint8_t>(fields[5]),
          .min_slice = static_cast<std::uint16_t>(fields[6]),
          .slice_encoding = static_cast<std::uint16_t>(fields[7]),
          .frame_rate_control = static_cast<std::uint8_t>(fields[8])};
}

// Numbers count by value, whatever their width; what follows them (the maximal
// sizes of a preferred display mode) does not count.
std::optional<VideoCodec> parse_codec(std::span<const std::string_view> fields) {
  if (fields.size() < kCodecDigits.size()) return std::nullopt;
  CodecFields values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = parse_number<std::uint32_t>(fields[i], 16);
    if (!value || (kCodecDigits[i] < 8 && *value >> (4 * kCodecDigits[i]) != 0)) return std::nullopt;
    values[i] = *value;
  }
  return codec_of(values);
}

struct AudioName {
  AudioFormat format;
  std::string_view text;
};
constexpr std::array<AudioName, 3> kAudioNames{
    {{AudioFormat::Lpcm, "LPCM"}, {AudioFormat::Aac, "AAC"}, {AudioFormat::Ac3, "AC3"}}};

constexpr std::string_view kUnicastProfile = "RTP/AVP/UDP;unicast";
constexpr std::size_t kMaxUrl = 256;

}  // namespace

std::optional<VideoFormats> parse_video_formats(std::string_view value) {
  if (iequals(value, "none")) return VideoFormats{};
  VideoFormats formats;
  bool first = true;
  for (const std::string_view part : split(value, ',')) {
    const Words fields(part);
    std::span<const std::string_view> rest = fields.all();
    if (first) {
      if (rest.size() < 2) return std::nullopt;
      const auto native = parse_number<std::uint8_t>(rest[0], 16);
      const auto preferred = parse_number<std::uint8_t>(rest[1], 16);
      if (!native || !preferred) return std::nullopt;
      formats.native = *native;
      formats.preferred = *preferred;
      rest = rest.subspan(2);
      first = false;
    }
    if (const auto codec = parse_codec(rest)) formats.codecs.push_back(*codec);
  }
  if (formats.codecs.empty()) return std::nullopt;
  return formats;
}

std::string serialize(const VideoFormats& formats) {
  if (formats.codecs.empty()) return "none";
  std::string out;
  out.reserve(64 * formats.codecs.size());
  append_hex(out, formats.native, 2);
  out += ' ';
  append_hex(out, formats.preferred, 2);
  const char* separator = " ";
  for (const VideoCodec& codec : formats.codecs) {
    out += separator;
    const CodecFields fields = fields_of(codec);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      append_hex(out, fields[i], kCodecDigits[i]);
      out += ' ';
    }
    out += "none none";
    separator = ", ";
  }
  return out;
}

std::optional<std::vector<AudioCodec>> parse_audio_codecs(std::string_view value) {
  std::vector<AudioCodec> codecs;
  if (iequals(value, "none")) return codecs;
  for (const std::string_view part : split(value, ',')) {
    const Words fields(part);
    if (fields.size() < 2) return std::nullopt;
    const auto modes = parse_number<std::uint32_t>(fields[1], 16);
    const auto latency = fields.size() > 2 ? parse_number<std::uint8_t>(fields[2], 16) : std::uint8_t{0};
    if (!modes || !latency) return std::nullopt;
    for (const AudioName& row : kAudioNames) {
      if (iequals(row.text, fields[0])) codecs.push_back({row.format, *modes, *latency});
    }
  }
  return codecs;
}

std::string serialize(const std::vector<AudioCodec>& codecs) {
  if (codecs.empty()) return "none";
  std::string out;
  for (const AudioCodec& codec : codecs) {
    if (!out.empty()) out += ", ";
    out.append(kAudioNames[static_cast<std::size_t>(codec.format)].text).append(" ");
    append_hex(out, codec.modes, 8);
    out += ' ';
    append_hex(out, codec.latency, 2);
  }
  return out;
}

RepairCapabilities parse_repair(std::string_view value) {
  constexpr std::string_view kLatency = "latency=";
  RepairCapabilities repair;
  const Words words(value);
  for (const std::string_view word : words.all()) {
    if (iequals(word, "nack")) repair.retransmission = true;
    if (iequals(word, "parity")) repair.parity = true;
    if (!word.starts_with(kLatency)) continue;
    if (const auto latency = parse_number<std::uint16_t>(word.substr(kLatency.size()))) {
      repair.latency = std::chrono::milliseconds(*latency);
    }
  }
  return repair;
}

std::string serialize(const RepairCapabilities& repair) {
  if (!repair.retransmission) return "none";
  std::string value = "nack ";
  if (repair.parity) value += "parity ";
  return value + "latency=" + std::to_string(repair.latency.count());
}

std::optional<ClientRtpPorts> parse_client_rtp_ports(std::string_view value) {
  const Words fields(value);
  if (fields.size() < 2 || !iequals(fields[0], kUnicastProfile)) return std::nullopt;
  const auto primary = parse_number<std::uint16_t>(fields[1]);
  const auto secondary = fields.size() > 2 ? parse_number<std::uint16_t>(fields[2]) : std::uint16_t{0};
  if (!primary || !secondary) return std::nullopt;
  return ClientRtpPorts{*primary, *secondary};
}

std::string serialize(const ClientRtpPorts& ports) {
  return std::string(kUnicastProfile) + ' ' + std::to_string(ports.primary) + ' ' +
         std::to_string(ports.secondary) + " mode=play";
}

std::optional<std::string> parse_presentation_url(std::string_view value) {
  const Words fields(value);
  if (fields.size() == 0) return std::nullopt;
  const std::string_view url = fields[0];
  const bool graphic =
      std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!graphic || url.size() > kMaxUrl || !url.starts_with("rtsp://")) return std::nullopt;
  return std::string(url);
}

}  // namespace wfdcast::rtsp
