// What the values of a configuration mean, and which do not go together.
#include <fmt/format.h>

#include <algorithm>

#include "base/endpoint.h"
#include "base/text.h"
#include "daemon/config.h"
#include "daemon/units.h"
#include "media/ts_input.h"
#include "media/ts_output.h"
#include "security/identity.h"

namespace wfdcast::daemon {
namespace {

// "720p30": at most 720 lines and 30 frames a second. "best": no limit.
struct VideoLimit {
  unsigned height = UINT16_MAX, rate = UINT8_MAX;
};
std::optional<VideoLimit> parse_video_limit(std::string_view text) {
  if (text == "best") return VideoLimit{};
  const std::size_t p = text.find('p');
  if (p == std::string_view::npos) return std::nullopt;
  const auto height = parse_number<std::uint16_t>(text.substr(0, p));
  const auto rate = parse_number<std::uint8_t>(text.substr(p + 1));
  if (!height || !rate || *height < 480 || *rate < 24) return std::nullopt;
  return VideoLimit{*height, *rate};
}

void require(bool condition, std::string_view key, std::string_view what) {
  if (!condition) throw ConfigError(fmt::format("{}: {}", key, what));
}

void check_stream(const Config& config) {
  const auto& stream = config.stream;
  const auto group = parse_address(stream.group);
  const bool chosen = stream.group == "auto";
  require(chosen || (group && group->is_multicast()), "stream.group",
          "must be \"auto\" or a multicast address, 224.0.0.0 to 239.255.255.255");
  constexpr std::uint32_t kSourceSpecific = 232;
  require(!stream.ssm || chosen || group->value >> 24 == kSourceSpecific, "stream.group",
          "must be in 232.0.0.0/8 with stream.ssm");
  require(!stream.announce || config.security.mode == SecurityMode::Open, "stream.announce",
          "needs security.mode = \"open\": what is encrypted nobody else can watch");
  require(stream.rtp_port % 2 == 0, "stream.rtp_port", "must be even; RTCP takes the next port");
  require(parse_video_limit(stream.video).has_value(), "stream.video",
          "must be \"best\" or such as \"720p30\"");
  const auto latency = parse_duration(stream.latency);
  require(stream.latency == "auto" || (latency && *latency >= 20ms && *latency <= 2s), "stream.latency",
          "must be \"auto\" or a time from 20ms to 2s");
  for (const std::string& means : stream.repair) {
    require(means == "nack" || means == "fec", "stream.repair", "may hold \"nack\" and \"fec\"");
  }
  require(stream.fec_matrix == "auto" || parse_fec_matrix(stream.fec_matrix), "stream.fec_matrix",
          "must be \"auto\" or such as \"10x5\": 4 to 20 columns and rows, at most 100 packets");
}

void check_input_from(const Config& config) {
  const auto& from = config.source.input_from;
  const auto alone = [&](std::string_view word) {
    return from.size() == 1 || std::ranges::find(from, word) == from.end();
  };
  require(!from.empty() && alone("none") && alone("ask"), "source.input_from",
          "must be \"none\", \"ask\", or names of sinks");
}

}  // namespace

Duration Config::latency() const {
  return stream.latency == "auto" ? Duration(150ms) : parse_duration(stream.latency).value_or(150ms);
}

bool Config::repairs_by(std::string_view means) const {
  return std::find(stream.repair.begin(), stream.repair.end(), means) != stream.repair.end();
}

std::optional<VideoModes> parse_video_wish(std::string_view text) {
  const auto limit = parse_video_limit(text);
  if (!limit) return std::nullopt;
  VideoModes modes = VideoMode{}.bit();  // 640x480p60, which every sink can
  for (const VideoMode& mode : video_modes()) {
    if (mode.interlaced || mode.height > limit->height || mode.rate > limit->rate) continue;
    modes = modes | mode.bit();
  }
  return modes;
}

VideoModes Config::wanted_modes() const { return parse_video_wish(stream.video).value_or(VideoModes{}); }

std::optional<stream::FecMatrix> parse_fec_matrix(std::string_view text) {
  constexpr unsigned kLeast = 4, kMost = 20;
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto columns = parse_number<unsigned>(text.substr(0, x)),
             rows = parse_number<unsigned>(text.substr(x + 1));
  const auto fits = [](const auto& number) { return number && *number >= kLeast && *number <= kMost; };
  if (!fits(columns) || !fits(rows) || *columns * *rows > stream::kMostInMatrix) return std::nullopt;
  return stream::FecMatrix{.columns = *columns, .rows = *rows, .row_packets = true};
}

H264Level Config::wanted_level() const {
  const auto limit = parse_video_limit(stream.video).value_or(VideoLimit{});
  constexpr unsigned kMostOfR1 = 1200;
  return limit.height > kMostOfR1 && stream.video != "best" ? H264Level::L5_2 : H264Level::L4_2;
}

std::optional<InterfaceAddress> parse_interface_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const auto prefix = parse_number<int>(text.substr(slash + 1));
  if (!address || !*address || !prefix || *prefix < 8 || *prefix > 30) return std::nullopt;
  return InterfaceAddress{*address, *prefix};
}

void check_config(const Config& config) {
  check_stream(config);
  check_input_from(config);
  require(!config.interface.empty(), "interface", "must name at least one interface");
  for (const std::string& name : config.interface) {
    require(!name.empty() && name.size() < 16 && name.find_first_of("/ ") == std::string::npos, "interface",
            fmt::format("\"{}\" is not the name of an interface", name));
  }
  require(config.source.input_port != config.rtsp.port, "source.input_port", "must not be rtsp.port");
  require(config.name.size() <= 64, "name", "must be at most 64 bytes");
  require(config.control.socket.size() < 108, "control.socket", "must be shorter than 108 bytes");
  require(config.discovery.ttl >= 2 * config.discovery.interval, "discovery.ttl",
          "must be twice discovery.interval");
  require(config.rtsp.keepalive + 5s <= config.rtsp.timeout, "rtsp.keepalive",
          "must be 5s below rtsp.timeout");
  require(config.wifi.group_address.empty() || parse_interface_address(config.wifi.group_address),
          "wifi.group_address", "must be such as \"192.168.49.1/24\", or empty");
  if (const auto input = media::check_input(config.source.input); !input) {
    throw ConfigError("source.input: " + input.error());
  }
  if (const auto output = media::check_output(config.sink.output); !output) {
    throw ConfigError("sink.output: " + output.error());
  }
  require(config.security.mode == SecurityMode::Open || security::has_tls(), "security.mode",
          "this wfdd was built without TLS and SRTP; it knows only \"open\"");
  require(config.http.listen.empty(), "http.listen", "is not available in this version");
}

}  // namespace wfdcast::daemon
