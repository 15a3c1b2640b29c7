// What is encoded: the format that all sinks can take, and the orders to the encoder.
#include <algorithm>
#include <utility>

#include "daemon/source_stream.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::Severity;

// What M4 says of the level is true of the bitrate as well.
stream::RateControl::Limits rate_limits(const Config& config, const std::optional<StreamFormat>& format) {
  std::uint64_t most = config.source.bitrate;
  if (format && format->video)
    most = std::min(most, most_bitrate(format->video->level, format->video->profile));
  return {.least = config.source.min_bitrate, .most = most};
}

// A file has one format; an encoder makes what stream.video allows.
SourceCapabilities SourceStream::capabilities() const {
  SourceCapabilities ours{.modes = config_.wanted_modes(),
                          .profiles = static_cast<std::uint8_t>(H264Profile::ConstrainedBaseline) |
                                      static_cast<std::uint8_t>(H264Profile::ConstrainedHigh),
                          .level = config_.wanted_level(),
                          .audio = {AudioFormat::Aac, AudioFormat::Lpcm}};
  if (input_->encodes()) return ours;
  const std::string head = input_->head();
  const auto probe = head.empty() ? std::nullopt : stream::probe_ts(as_bytes(head));
  if (!probe) {
    if (!head.empty()) throw ConfigError("source.input: no MPEG-TS with H.264 or AAC, LPCM, AC3 in it");
    return ours;
  }
  if (!probe->note.empty()) platform::log(Severity::Warning, "source.input: {}", probe->note);
  ours.audio.clear();
  if (probe->format.audio) ours.audio.push_back(*probe->format.audio);
  if (const auto& video = probe->format.video) {
    ours.modes = video->mode.bit();
    ours.profiles = static_cast<std::uint8_t>(video->profile);
    ours.level = video->level;
  }
  return ours;
}

Result<StreamFormat, std::string> SourceStream::admit(SessionId id, const SinkCapabilities& sink,
                                                      int interface_index) {
  const bool first = !group_.format();
  auto format = group_.admit(id, sink);
  if (!format) return format;
  Member& member = members_[id];
  member.interface_index = interface_index;
  member.repair = sink.repair;
  if (first) start_input();  // so that the encoder is warm when PLAY comes
  return format;
}

Result<StreamFormat, std::string> SourceStream::renegotiate(SessionId id,
                                                            std::span<const SinkCapabilities> sinks,
                                                            int interface_index) {
  auto format = group_.renegotiate(id, sinks);
  if (!format) return format;
  Member& member = members_[id];
  member.interface_index = interface_index;
  member.repair = sinks.front().repair;
  return format;
}

std::uint64_t SourceStream::plan_change() {
  constexpr std::int64_t kAhead = 2 * 90'000;  // for the sinks' answers, and the new encoder's first picture
  constexpr std::uint64_t kMask = (1ull << 33) - 1;
  planned_pts_ = static_cast<std::uint64_t>(feed_.last_pts().value_or(0) + kAhead) & kMask;
  return *planned_pts_;
}

void SourceStream::change_encoder() {
  if (planned_pts_) feed_.restart_at(static_cast<std::int64_t>(*planned_pts_), loop_.now());
  planned_pts_.reset();
  start_input();
}

void SourceStream::start_input() {
  if (input_runs_) input_->stop();
  rate_.set_limits(rate_limits(config_, group_.format()));
  input_->start({.format = *group_.format(), .bitrate = rate_.bitrate()});
  input_runs_ = true;
}

void SourceStream::request_idr() {
  if (idr_.request(loop_.now())) make_idr();
  set_group_timer();
}

void SourceStream::set_group_timer() { group_timer_.set(earliest(group_.next_deadline(), idr_.deadline())); }

void SourceStream::make_idr() {
  ++counters_.idr_requests;
  input_->request_idr();
}

void SourceStream::limits_changed() {
  rate_.set_limits(rate_limits(config_, group_.format()));
  input_->set_bitrate(rate_.bitrate());
}

// The bitrate follows the worst sink that counts; decided when there is news, at most once a second.
void SourceStream::follow_air(SessionId id, const stream::RateControl::Report& report) {
  const Time now = loop_.now();
  rate_.report(id, report, now);
  const std::uint64_t before = rate_.bitrate();
  if (!rate_.tick(now)) return;
  if (input_->encodes()) {
    platform::log(Severity::Info, "stream: bitrate {} instead of {}", rate_.bitrate(), before);
    return input_->set_bitrate(rate_.bitrate());
  }
  if (std::exchange(told_fixed_rate_, true)) return;
  callbacks_.on_trouble(
      "the network does not carry its bitrate, and source.input is none that can be changed");
}

}  // namespace wfdcast::daemon
