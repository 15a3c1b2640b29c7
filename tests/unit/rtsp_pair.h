#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "rtsp/sink_session.h"
#include "rtsp/source_session.h"

namespace wfdcast::rtsp::test {

inline constexpr Time kStart{1000s};
inline const std::string kKey = "7a31c04b55";
inline const std::string kUrl = "rtsp://192.168.49.1/wfd1.0/streamid=0";
inline const InvitationToken kToken{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
inline const DeviceId kSinkId{{0xAB, 1, 2, 3}};

inline SourceOptions source_options() {
  return {
      .session_key = kKey, .presentation_url = kUrl, .admission = {.tokens = {kToken}, .plain_sink = true}};
}

// 1080p60 in both profiles, AAC and LPCM.
inline SinkOptions sink_options() {
  SinkOptions options;
  options.capabilities.video = {{.profiles = 0x03, .level = 0x10, .modes = {.cea = 0x1E1}}};
  options.capabilities.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}, {AudioFormat::Aac, kAac48kStereo, 0}};
  options.capabilities.rtp_port = 19000;
  options.capabilities.connector = "05";
  options.capabilities.idr_requests = true;
  options.capabilities.multicast = true;
  options.capabilities.standby = true;
  options.client = {19000, 19001};
  options.header = WfdcastHeader{kSinkId, kToken};
  return options;
}

inline StreamFormat format_720p30() {
  return {.video = VideoFormat{*find_mode(1280, 720, 30), H264Profile::ConstrainedBaseline, H264Level::L3_1},
          .audio = AudioFormat::Aac};
}

inline Transport unicast() {
  return {.server = {15550, 15551},
          .source = Ipv4Address::from_octets(192, 168, 49, 1),
          .ssrc = Ssrc{0x614F4928}};
}
inline Transport multicast() {
  return {.delivery = Delivery::Multicast,
          .client = {15550, 15551},
          .server = {42152, 42153},
          .destination = Ipv4Address::from_octets(239, 0, 0, 11),
          .ttl = 2,
          .source = Ipv4Address::from_octets(192, 168, 49, 1),
          .ssrc = Ssrc{0x614F4928}};
}

// Writes down what our sessions say, for tests/check_rtsp_dissector.py.
inline void transcribe(const char* role, std::string_view bytes) {
  static const char* const path = std::getenv("WFD_RTSP_TRANSCRIPT");
  if (path == nullptr || bytes.empty()) return;
  static std::ofstream file(path, std::ios::app);  // each kind of session has one
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  file << test->test_suite_name() << '.' << test->name() << ' ' << role << ' ' << to_hex(as_bytes(bytes))
       << std::endl;  // a death test's child must find nothing to write again
}
template <class Session>
void transcribe(std::string_view bytes) {
  transcribe(std::is_same_v<Session, SourceSession> ? "source" : "sink", bytes);
}

// The events of one kind.
template <class Kind, class Event>
std::vector<Kind> all(const std::vector<Event>& events) {
  std::vector<Kind> found;
  for (const Event& event : events) {
    if (const auto* kind = std::get_if<Kind>(&event)) found.push_back(*kind);
  }
  return found;
}

// A source and a sink session face to face: the bytes are carried by hand, in
// pieces of `piece` bytes; the source's owner answers SinkDescribed by itself.
struct Pair {
  explicit Pair(SourceOptions from = source_options(), SinkOptions to = sink_options())
      : source(std::move(from)), sink(std::move(to)) {}

  SourceSession source;
  SinkSession sink;
  Time now = kStart;
  std::size_t piece = std::string::npos;
  StreamFormat format = format_720p30();
  Transport transport = unicast();
  std::vector<SourceEvent> source_events;
  std::vector<SinkEvent> sink_events;
  std::string to_sink, to_source;            // under way
  std::string said_by_source, said_by_sink;  // ever

  void take(Step<SourceEvent> step) {
    transcribe<SourceSession>(step.to_peer);
    to_sink += step.to_peer;
    said_by_source += step.to_peer;
    source_events.insert(source_events.end(), step.events.begin(), step.events.end());
    for (const SourceEvent& event : step.events) {
      if (std::holds_alternative<SinkDescribed>(event)) take(source.select(format, transport, now));
    }
  }
  void take(Step<SinkEvent> step) {
    transcribe<SinkSession>(step.to_peer);
    to_source += step.to_peer;
    said_by_sink += step.to_peer;
    sink_events.insert(sink_events.end(), step.events.begin(), step.events.end());
  }
  // Carries bytes until both are silent.
  void settle() {
    while (!to_sink.empty() || !to_source.empty()) {
      const std::string down = std::exchange(to_sink, {});
      for (std::size_t at = 0; at < down.size(); at += std::min(piece, down.size() - at)) {
        take(sink.receive(std::string_view(down).substr(at, piece), now));
      }
      const std::string up = std::exchange(to_source, {});
      for (std::size_t at = 0; at < up.size(); at += std::min(piece, up.size() - at)) {
        take(source.receive(std::string_view(up).substr(at, piece), now));
      }
      if (source.wants_written()) take(source.written(now));
    }
  }
  void advance(Duration by) {
    now += by;
    take(source.tick(now));
    take(sink.tick(now));
    settle();
  }
  void start() {
    take(source.start(now));
    take(sink.start(now));
    settle();
  }
  // Up to Playing, for either kind of sink.
  void connect() {
    start();
    if (source.state() == SourceSession::State::Greeting) advance(kM3Distance);
  }
};

}  // namespace wfdcast::rtsp::test
