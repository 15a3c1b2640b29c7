// What happens while a stream plays: standby, another format, connector and
// route, keep-alive, and what quirks change.
#include "rtsp_rig.h"

namespace wfdcast::rtsp::test {
namespace {

using Source = SourceSession::State;
using Sink = SinkSession::State;

StreamFormat format_480p60() { return {.video = VideoFormat{}, .audio = AudioFormat::Lpcm}; }

SourceRig playing_source(const Quirks& quirks = {}) {
  SourceRig source;
  source.call(&SourceSession::set_quirks, quirks);
  source.reach(Source::Playing);
  return source;
}

TEST(Standby, FromTheSourceAndBackByItsTrigger) {
  Pair pair;
  pair.connect();
  pair.take(pair.source.standby(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), Source::Standby);
  EXPECT_EQ(pair.sink.state(), Sink::Standby);
  EXPECT_EQ(all<StandbyEntered>(pair.source_events).size(), 1u);
  EXPECT_EQ(all<StreamStandby>(pair.sink_events).size(), 1u);
  pair.advance(10s);  // M16 goes on
  EXPECT_TRUE(pair.said_by_source.ends_with("Session: " + kKey + "\r\n\r\n"));
  pair.take(pair.source.play(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), Source::Playing);
  EXPECT_EQ(pair.sink.state(), Sink::Playing);
}

TEST(Standby, FromTheSinkAndBackByM7) {
  Pair pair;
  pair.connect();
  pair.take(pair.sink.standby(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), Source::Standby);
  EXPECT_EQ(pair.sink.state(), Sink::Standby);
  pair.take(pair.sink.play(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), Source::Playing);
  EXPECT_EQ(pair.sink.state(), Sink::Playing);
}

TEST(Standby, OnlyWhereBothKnowIt) {
  SinkOptions options = sink_options();
  options.capabilities.standby = false;
  Pair pair(source_options(), options);
  pair.connect();
  pair.take(pair.source.standby(pair.now));
  pair.take(pair.sink.standby(pair.now));
  pair.settle();
  EXPECT_EQ(pair.said_by_source.find("wfd_standby\r\n"), std::string::npos);
  EXPECT_EQ(pair.said_by_sink.find("wfd_standby\r\n"), std::string::npos);
  EXPECT_EQ(pair.source.state(), Source::Playing);
}

TEST(Standby, ARefusalChangesNothing) {
  SourceRig source = playing_source();
  source.call(&SourceSession::standby);
  source.answer(406);
  EXPECT_EQ(source.session.state(), Source::Playing);
  SinkRig sink;
  sink.reach(Sink::Playing);
  sink.call(&SinkSession::standby);
  sink.answer(406);
  EXPECT_EQ(sink.session.state(), Sink::Playing);
}

TEST(FormatChange, IsM4InSessionWithItsTime) {
  Pair pair;
  pair.connect();
  pair.take(pair.source.change_format(format_480p60(), {6000, 6000}, pair.now));
  EXPECT_NE(pair.to_sink.find("Session: " + kKey + "\r\n"), std::string::npos);
  EXPECT_TRUE(pair.to_sink.ends_with(
      "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none\r\n"
      "wfd_audio_codecs: LPCM 00000002 00\r\n"
      "wfd_av_format_change_timing: 00000BB800 00000BB800\r\n"));
  pair.settle();
  ASSERT_EQ(all<FormatChanged>(pair.source_events).size(), 1u);
  EXPECT_EQ(all<FormatChanged>(pair.source_events)[0].format, format_480p60());
  const auto chosen = all<StreamChosen>(pair.sink_events);
  ASSERT_EQ(chosen.size(), 2u);
  EXPECT_EQ(chosen[1].format, format_480p60());
  EXPECT_EQ(chosen[1].timing, (FormatChangeTiming{6000, 6000}));
  EXPECT_EQ(pair.source.state(), Source::Playing);
}

TEST(FormatChange, ARefusalNamesWhatWasRefused) {
  SourceRig source = playing_source();
  source.call(&SourceSession::change_format, format_480p60(), FormatChangeTiming{});
  source.answer(303, "wfd_video_formats: 415\r\n");
  ASSERT_TRUE(source.has<FormatRefused>());
  EXPECT_EQ(all<FormatRefused>(source.events)[0].detail,
            "the sink answered 303 to M4 in session: wfd_video_formats");
  EXPECT_EQ(source.session.state(), Source::Playing);
}

TEST(FormatChange, SilenceEndsTheSession) {
  SourceRig source = playing_source();
  source.call(&SourceSession::change_format, format_480p60(), FormatChangeTiming{});
  source.advance(kReplyTimeout);
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
}

TEST(FormatChange, ASinkRefusesWhatItNeverOffered) {
  for (const auto& [line, code] :
       {std::pair<std::string, std::string>{"wfd2_video_formats: 00 01 01 0001 1 0 0 00 0000 0000 00 00",
                                            "wfd2_video_formats: 415\r\n"},
        {"wfd_preferred_display_mode: 1", "wfd_preferred_display_mode: 415\r\n"},
        {"wfd_3d_video_formats: 80 00", "wfd_3d_video_formats: 415\r\n"},
        {"wfd_av_format_change_timing: now", "wfd_av_format_change_timing: 457\r\n"},
        {"wfd_uibc_setting: enable", "wfd_uibc_setting: 415\r\n"},
        {"wfd_uibc_capability: Mouse", "wfd_uibc_capability: 457\r\n"},
        {"wfd_route: tertiary", "wfd_route: 457\r\n"}}) {
    SinkRig sink;
    sink.reach(Sink::Playing);
    sink.set(line + "\r\n");
    EXPECT_EQ(sink.code(), 303u) << line;
    EXPECT_EQ(sink.responses().at(0).body, code);
  }
}

TEST(Connector, M11TellsTheOwner) {
  SourceRig source = playing_source();
  source.set("wfd_connector_type: 5\r\n");
  EXPECT_EQ(source.code(), 200u);
  EXPECT_EQ(all<ConnectorChanged>(source.events).at(0).connector, "05");
  source.set("wfd_connector_type: none\r\n");
  EXPECT_EQ(all<ConnectorChanged>(source.events).at(0).connector, "");
  source.set("wfd_connector_type: HDMI\r\n");
  EXPECT_EQ(source.code(), 303u);
  EXPECT_EQ(source.responses()[0].body, "wfd_connector_type: 457\r\n");
  EXPECT_FALSE(source.has<ConnectorChanged>());
}

TEST(Teardown, SaysWhyWhereTheSinkDoes) {
  SourceRig source = playing_source();
  source.ask(Method::Teardown, kUrl, {}, "microsoft_teardown_reason: C00D4278 no media received\r\n");
  EXPECT_EQ(source.code(), 200u);
  ASSERT_TRUE(source.ended(EndReason::PeerTeardown));
  EXPECT_EQ(all<SessionEnded>(source.events)[0].detail, "C00D4278 no media received");
}

// 55 s between M16s and a timeout of 60 s: one lost answer must not end it.
TEST(KeepAlive, TwoAnswersMustBeMissing) {
  SourceOptions options = source_options();
  options.keepalive = 55s;
  options.timeout = 60s;
  SourceRig source(options);
  source.reach(Source::Playing);
  source.advance(55s);
  source.advance(55s);
  EXPECT_EQ(source.session.state(), Source::Playing);
  source.advance(5s);
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
}

TEST(Quirk, KeepaliveOffSendsNoM16AndSilenceDoesNotMatter) {
  SourceRig source = playing_source({.keepalive = 0s});
  EXPECT_EQ(source.session.next_deadline(), std::nullopt);
  source.advance(1h);
  EXPECT_TRUE(source.said.empty());
  EXPECT_EQ(source.session.state(), Source::Playing);
}

TEST(Quirk, KeepaliveComesAtLeastSoOften) {
  SourceOptions options = source_options();
  options.keepalive = 25s;
  SourceRig source(options);
  source.call(&SourceSession::set_quirks, Quirks{.keepalive = 20s});
  source.reach(Source::Playing);
  source.advance(20s);
  EXPECT_EQ(source.requests().size(), 1u);
}

TEST(Quirk, AnErrorToM16IsTheLastOne) {
  SourceRig source = playing_source({.stop_refused_keepalive = true});
  source.advance(10s);
  ASSERT_EQ(source.requests().size(), 1u);
  source.answer(501);
  EXPECT_EQ(source.session.next_deadline(), std::nullopt);
  EXPECT_EQ(source.session.state(), Source::Playing);
}

TEST(Quirk, M3WaitsLongerForM2) {
  SourceRig source;
  source.call(&SourceSession::start);
  source.answer(200, {}, {{"User-Agent", "MSFT-WDD"}});
  source.call(&SourceSession::set_quirks, Quirks{.wait_for_m2 = true});
  source.advance(kReplyTimeout - 1ms);
  EXPECT_TRUE(source.requests().empty());
  source.advance(1ms);
  EXPECT_EQ(source.requests().size(), 1u);
}

TEST(Quirk, OneServerPortWhateverIsAsked) {
  SourceRig source;
  source.call(&SourceSession::set_quirks, Quirks{.one_server_port = true});
  source.reach(Source::SettingUp);
  source.setup("RTP/AVP/UDP;unicast;client_port=19000-19001");
  EXPECT_EQ(find(source.responses().at(0).headers, "Transport"),
            "RTP/AVP/UDP;unicast;client_port=19000;server_port=15550");
  EXPECT_EQ(all<StreamSetUp>(source.events).at(0).client, (PortPair{19000, 0}));
}

TEST(Quirk, PauseAtTheSourceAsksNobody) {
  SourceRig source = playing_source({.pause_at_source = true});
  source.call(&SourceSession::pause);
  EXPECT_TRUE(source.said.empty());
  EXPECT_TRUE(source.has<PauseRequested>());
  EXPECT_EQ(source.session.state(), Source::Paused);
  source.call(&SourceSession::play);
  EXPECT_TRUE(source.said.empty());
  EXPECT_TRUE(source.has<PlayRequested>());
  EXPECT_EQ(source.session.state(), Source::Playing);
}

TEST(Generation, R2IsAskedForAndAnsweredInItsOwnTerms) {
  SourceOptions options = source_options();
  options.generation = Generation::R2;
  SourceRig source(options);
  source.reach(Source::Querying);
  EXPECT_NE(source.requests().at(0).body.find("wfd2_video_formats\r\n"), std::string::npos);
  source.answer(
      200,
      "wfd2_video_formats: 40 01 01 0080 000000080001 000000000000 000000000000 00 0000 0000 00 00\r\n"
      "wfd_audio_codecs: AAC 00000001 00\r\n"
      "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n");
  ASSERT_TRUE(source.has<SinkDescribed>());
  const SinkCapabilities& sink = source.session.sink();
  EXPECT_TRUE(sink.r2);
  const auto format = choose_format(
      {.modes = find_mode(3840, 2160, 30)->bit(), .profiles = 1, .level = H264Level::L5_2, .audio = {}},
      sink);
  ASSERT_TRUE(format);
  source.call(&SourceSession::select, *format, unicast());
  const std::string& m4 = source.requests().at(0).body;
  EXPECT_TRUE(m4.starts_with(
      "wfd2_video_formats: 00 01 01 0040 000000080000 000000000000 000000000000 00 0000 0000 00 00\r\n"))
      << m4;
  EXPECT_EQ(m4.find("wfd_video_formats"), std::string::npos);
}

TEST(SinkQuirks, TheSourcesNameDecidesInTimeForSetup) {
  SinkRig sink;
  sink.call(&SinkSession::start);
  sink.m1();
  sink.answer(200, {}, {{"Server", "MSMiracastSource/10.00"}});
  ASSERT_TRUE(sink.has<SourceGreeted>());
  EXPECT_EQ(all<SourceGreeted>(sink.events)[0].agent, "MSMiracastSource/10.00");
  sink.call(&SinkSession::set_quirks, Quirks{.one_client_port = true});
  sink.m3("wfd_video_formats\r\n");
  sink.set(SinkRig::m4_body() + "wfd_trigger_method: SETUP\r\n");
  EXPECT_NE(sink.said_bytes.find("client_port=19000\r\n"), std::string::npos);
}

}  // namespace
}  // namespace wfdcast::rtsp::test
