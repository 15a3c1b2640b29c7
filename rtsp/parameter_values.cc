// The values that the sessions work with, on top of their grammar.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "rtsp/parameters.h"
#include "rtsp/value.h"

namespace wfdcast::rtsp {
namespace {

// The cells of a codec from its profile to its frame rate control are the same
// in wfd_video_formats and wfd2_video_formats; only their widths differ.
constexpr std::size_t kCodecCells = 9;
constexpr std::uint64_t kH264 = 1;

Cell number(std::uint64_t value) { return {Cell::Kind::Number, value, {}}; }

VideoCodec codec_of(const Cell* cells) {
  return {.profiles = static_cast<std::uint8_t>(cells[0].number),
          .level = static_cast<std::uint8_t>(cells[1].number),
          .modes = {.cea = cells[2].number, .vesa = cells[3].number, .hh = cells[4].number},
          .latency = static_cast<std::uint8_t>(cells[5].number),
          .min_slice = static_cast<std::uint16_t>(cells[6].number),
          .slice_encoding = static_cast<std::uint16_t>(cells[7].number),
          .frame_rate_control = static_cast<std::uint8_t>(cells[8].number)};
}

void append_codec(std::vector<Cell>& cells, const VideoCodec& codec) {
  for (const std::uint64_t field :
       {std::uint64_t{codec.profiles}, std::uint64_t{codec.level}, codec.modes.cea, codec.modes.vesa,
        codec.modes.hh, std::uint64_t{codec.latency}, std::uint64_t{codec.min_slice},
        std::uint64_t{codec.slice_encoding}, std::uint64_t{codec.frame_rate_control}}) {
    cells.push_back(number(field));
  }
}

struct AudioName {
  AudioFormat format;
  std::string_view text;
};
constexpr std::array<AudioName, 3> kAudioNames{
    {{AudioFormat::Lpcm, "LPCM"}, {AudioFormat::Aac, "AAC"}, {AudioFormat::Ac3, "AC3"}}};

constexpr std::string_view kUnicastProfile = "RTP/AVP/UDP;unicast";
constexpr std::size_t kMaxUrl = 256;

std::uint16_t as_port(const Cell& cell) { return static_cast<std::uint16_t>(cell.number); }

}  // namespace

std::optional<VideoFormats> parse_video_formats(std::string_view value) {
  const auto read = parse_value(Name::VideoFormats, value);
  if (!read) return std::nullopt;
  VideoFormats formats;
  if (read->cells.empty()) return formats;
  formats.native = static_cast<std::uint8_t>(read->cells[0].number);
  formats.preferred = static_cast<std::uint8_t>(read->cells[1].number);
  constexpr std::size_t kHead = 2, kItem = kCodecCells + 2;
  for (std::size_t i = 0; i < read->items; ++i)
    formats.codecs.push_back(codec_of(&read->cells[kHead + i * kItem]));
  return formats;
}

std::string serialize(const VideoFormats& formats) {
  if (formats.codecs.empty()) return "none";
  Value value{.cells = {number(formats.native), number(formats.preferred)}, .items = formats.codecs.size()};
  for (const VideoCodec& codec : formats.codecs) {
    append_codec(value.cells, codec);
    value.cells.resize(value.cells.size() + 2);  // no largest size
  }
  return serialize(Name::VideoFormats, value);
}

std::optional<VideoFormats> parse_video_formats_r2(std::string_view value) {
  const auto read = parse_value(Name::Wfd2VideoFormats, value);
  if (!read) return std::nullopt;
  VideoFormats formats;
  if (read->cells.empty()) return formats;
  formats.native = static_cast<std::uint8_t>(read->cells[0].number);
  for (std::size_t i = 0; i < read->items; ++i) {
    const Cell* const item = &read->cells[1 + i * (1 + kCodecCells)];
    // Level bits beyond those of H.264 are none.
    if (item[0].number == kH264) formats.codecs.push_back(codec_of(item + 1));
  }
  return formats;
}

std::string serialize_r2(const VideoFormats& formats) {
  if (formats.codecs.empty()) return "none";
  Value value{.cells = {number(formats.native)}, .items = formats.codecs.size()};
  for (const VideoCodec& codec : formats.codecs) {
    value.cells.push_back(number(kH264));
    append_codec(value.cells, codec);
  }
  value.cells.push_back(number(0));  // non-transcoding
  return serialize(Name::Wfd2VideoFormats, value);
}

std::optional<std::vector<AudioCodec>> parse_audio_codecs(std::string_view value) {
  const auto read = parse_value(Name::AudioCodecs, value);
  if (!read) return std::nullopt;
  std::vector<AudioCodec> codecs;
  for (std::size_t i = 0; i < read->items; ++i) {
    const Cell* const item = &read->cells[i * 3];
    const auto* const name = std::find_if(kAudioNames.begin(), kAudioNames.end(),
                                          [&](const AudioName& row) { return row.text == item[0].text; });
    codecs.push_back({name->format, static_cast<std::uint32_t>(item[1].number),
                      static_cast<std::uint8_t>(item[2].number)});
  }
  return codecs;
}

std::string serialize(const std::vector<AudioCodec>& codecs) {
  Value value{.cells = {}, .items = codecs.size()};
  for (const AudioCodec& codec : codecs) {
    const std::string_view name = kAudioNames[static_cast<std::size_t>(codec.format)].text;
    value.cells.insert(value.cells.end(),
                       {Cell{Cell::Kind::Text, 0, name}, number(codec.modes), number(codec.latency)});
  }
  return serialize(Name::AudioCodecs, value);
}

RepairCapabilities parse_repair(std::string_view value) {
  // What stream.latency may be: the source keeps what it sent for so long, for everybody.
  constexpr std::chrono::milliseconds kMostLatency{2000};
  constexpr std::string_view kLatency = "latency=";
  RepairCapabilities repair;
  for (std::string_view word = next_word(value); !word.empty(); word = next_word(value)) {
    if (iequals(word, "nack")) repair.retransmission = true;
    if (iequals(word, "parity")) repair.parity = true;
    if (iequals(word, "fec")) repair.fec = true;
    if (!word.starts_with(kLatency)) continue;
    if (const auto latency = parse_number<std::uint16_t>(word.substr(kLatency.size()))) {
      repair.latency = std::min(std::chrono::milliseconds(*latency), kMostLatency);
    }
  }
  return repair;
}

std::string serialize(const RepairCapabilities& repair) {
  if (!repair.retransmission && !repair.fec) return "none";
  std::string value = repair.retransmission ? "nack " : "";
  if (repair.parity) value += "parity ";
  if (repair.fec) value += "fec ";
  return value + "latency=" + std::to_string(repair.latency.count());
}

std::optional<ClientRtpPorts> parse_client_rtp_ports(std::string_view value) {
  const auto read = parse_value(Name::ClientRtpPorts, value);
  if (!read) return std::nullopt;
  return ClientRtpPorts{as_port(read->cells[1]), as_port(read->cells[2])};
}

std::string serialize(const ClientRtpPorts& ports) {
  return std::string(kUnicastProfile) + ' ' + std::to_string(ports.primary) + ' ' +
         std::to_string(ports.secondary) + " mode=play";
}

std::optional<std::string> parse_presentation_url(std::string_view value) {
  const auto read = parse_value(Name::PresentationUrl, value);
  if (!read) return std::nullopt;
  const std::string_view url = read->cells[0].text;
  const bool graphic =
      std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!graphic || url.size() > kMaxUrl || !url.starts_with("rtsp://")) return std::nullopt;
  return std::string(url);
}

// The 33 bits stand at the top of 40.
std::optional<FormatChangeTiming> parse_format_change_timing(std::string_view value) {
  const auto read = parse_value(Name::AvFormatChangeTiming, value);
  if (!read) return std::nullopt;
  return FormatChangeTiming{read->cells[0].number >> 7, read->cells[1].number >> 7};
}

std::string serialize(const FormatChangeTiming& timing) {
  return serialize(Name::AvFormatChangeTiming,
                   Value{.cells = {number(timing.pts << 7), number(timing.dts << 7)}, .items = 0});
}

}  // namespace wfdcast::rtsp
