#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "stream/h264.h"
#include "stream/pes.h"
#include "stream/psi.h"
#include "stream/ts_feed.h"
#include "stream/ts_reader.h"

namespace wfdcast::stream {
namespace {

// SPS and VUI are at the beginning of a key picture.
constexpr std::size_t kPictureHead = 2'048;
constexpr std::size_t kMostTimestamps = 64;
constexpr std::uint8_t kBaseline = 66, kMain = 77, kHigh = 100;

// Looks at the PES packets of the video stream.
class VideoProbe {
 public:
  void receive(const TsPacket& packet) {
    ByteView payload = packet.payload;
    if (packet.header.payload_start()) {
      look();
      head_.clear();
      const auto header = parse_pes_header(payload);
      inside_ = header.has_value();
      if (!header) return;
      if (header->pts && times_.size() < kMostTimestamps) times_.push_back(*header->pts);
      payload = payload.subspan(header->size);
    }
    if (!inside_ || sps_ || head_.size() >= kPictureHead) return;
    head_.insert(head_.end(), payload.begin(), payload.end());
  }
  void look() {
    if (!sps_) sps_ = find_sps(head_);
  }
  [[nodiscard]] const std::optional<SequenceParameters>& sps() const { return sps_; }
  // From the usual distance of pictures in time; 0: not known.
  [[nodiscard]] unsigned rate() const {
    if (times_.size() < 3) return 0;
    std::vector<Ticks90> steps;
    for (const Ticks90 time : times_) steps.push_back(timestamp_difference(time, times_.front()));
    std::sort(steps.begin(), steps.end());
    std::adjacent_difference(steps.begin(), steps.end(), steps.begin());
    const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
    std::nth_element(steps.begin(), middle, steps.end());
    return *middle <= 0 ? 0 : static_cast<unsigned>((kRtpClock + *middle / 2) / *middle);
  }

 private:
  std::optional<SequenceParameters> sps_;
  std::vector<std::uint8_t> head_;
  std::vector<Ticks90> times_;
  bool inside_ = false;
};

std::optional<H264Profile> profile_of(const SequenceParameters& sps) {
  // A decoder of High decodes Main as well; WFD has no name for Main.
  switch (sps.profile) {
    case kBaseline:
      return H264Profile::ConstrainedBaseline;
    case kMain:
    case kHigh:
      return H264Profile::ConstrainedHigh;
    default:
      return std::nullopt;
  }
}

std::optional<H264Level> level_of(const SequenceParameters& sps) {
  static constexpr std::array<std::pair<std::uint8_t, H264Level>, 8> kLevels = {{
      {31, H264Level::L3_1},
      {32, H264Level::L3_2},
      {40, H264Level::L4_0},
      {41, H264Level::L4_1},
      {42, H264Level::L4_2},
      {50, H264Level::L5_0},
      {51, H264Level::L5_1},
      {52, H264Level::L5_2},
  }};
  for (const auto& [number, level] : kLevels) {
    if (sps.level <= number) return level;
  }
  return std::nullopt;
}

void describe_video(const VideoProbe& video, TsProbe& probe) {
  if (!video.sps()) {
    probe.note = "H.264 without a sequence parameter set";
    return;
  }
  const SequenceParameters& sps = *video.sps();
  const unsigned rate = sps.rate != 0 ? sps.rate : video.rate();
  const auto mode = sps.interlaced ? std::nullopt : find_mode(sps.width, sps.height, rate);
  const auto profile = profile_of(sps);
  const auto level = level_of(sps);
  if (!mode) {
    probe.note = std::to_string(sps.width) + "x" + std::to_string(sps.height) + (sps.interlaced ? "i" : "p") +
                 std::to_string(rate) + " is not a mode of Wi-Fi Display";
  } else if (!profile || !level) {
    probe.note = "H.264 profile " + std::to_string(sps.profile) + " level " + std::to_string(sps.level) +
                 " is not one of Wi-Fi Display";
  } else {
    probe.format.video = VideoFormat{*mode, *profile, *level};
  }
}

}  // namespace

std::optional<TsProbe> probe_ts(ByteView head) {
  TsReader reader;
  ProgramReader program;
  VideoProbe video;
  reader.push(head, [&](const std::uint8_t* packets, std::size_t count) {
    for (; count > 0; --count, packets += kTsPacket) {
      const auto packet = parse_ts_packet(packets);
      if (!packet || packet->header.transport_error() || packet->header.scrambled()) continue;
      const std::uint16_t pid = packet->header.pid();
      if (program.is_psi(pid)) {
        (void)program.receive(*packet);
      } else if (program.program() && program.program()->video == pid) {
        video.receive(*packet);
      }
    }
  });
  video.look();
  if (!program.program()) return std::nullopt;
  const Program& found = *program.program();
  if (!found.video && !found.audio) return std::nullopt;
  TsProbe probe;
  if (found.audio) probe.format.audio = found.audio->format;
  if (found.video) describe_video(video, probe);
  return probe;
}

}  // namespace wfdcast::stream
