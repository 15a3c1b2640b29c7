// Peers as docs/rtsp.md describes them, played by scripts. They are made from
// descriptions of those programs and devices, not from their code or from
// recordings.
#include "rtsp_rig.h"

namespace wfdcast::rtsp::test {
namespace {

using State = SourceSession::State;

// lazycast: one message in each recv(), a second one in it is lost; its answers
// have the fixed CSeq 1, 2, 3, 4 ...
TEST(ScriptedPeer, SinkThatReadsOneMessagePerSegmentLikeLazycast) {
  SourceRig source;
  const auto one_message = [&] { return source.said.size() <= 1; };
  source.call(&SourceSession::start);
  EXPECT_TRUE(one_message());
  source.answer_to(1);
  EXPECT_TRUE(one_message());
  source.ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0"}});
  EXPECT_TRUE(one_message());  // M3 is not glued to the answer to M2
  source.call(&SourceSession::written);
  EXPECT_TRUE(source.said.empty());
  source.advance(kM3Distance);
  ASSERT_EQ(source.requests().size(), 1u);
  source.answer_to(2, 200, kM3Answer);
  source.call(&SourceSession::select, format_720p30(), unicast());
  EXPECT_TRUE(one_message());
  source.answer_to(3);
  EXPECT_TRUE(one_message());
  source.answer_to(4);
  source.setup("RTP/AVP/UDP;unicast;client_port=1028");
  EXPECT_TRUE(one_message());
  EXPECT_NE(source.said_bytes.find("server_port=15550\r\n"), std::string::npos);
  source.ask(Method::Play, kUrl, {{"Session", kKey + ";timeout=30"}});
  EXPECT_EQ(source.code(), 200u);
  EXPECT_EQ(source.session.state(), State::Playing);
}

// picast: gives up when an answer takes more than a second, so every request
// must be answered in the very step that it comes in.
TEST(ScriptedPeer, SinkWithoutPatienceLikePicast) {
  SourceRig source;
  source.reach(State::SettingUp);
  source.setup("RTP/AVP/UDP;unicast;client_port=1028-1029");
  EXPECT_EQ(source.code(), 200u);
  source.play();
  EXPECT_EQ(source.code(), 200u);
  source.call(&SourceSession::pause);  // it never answers a PAUSE trigger
  source.advance(9s);
  EXPECT_EQ(source.session.state(), State::Playing);
}

// wds: aborts on any method but those seven (and OPTIONS) in Public, and on a
// wfd_client_rtp_ports that is not unicast; M4 holds exactly one video format.
TEST(ScriptedPeer, SinkWithAStrictGrammarLikeWds) {
  SourceRig source;
  source.reach(State::Querying);
  source.ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0"}});
  EXPECT_EQ(source.said_bytes,
            "RTSP/1.0 200 OK\r\nCSeq: 2\r\n"
            "Public: org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER\r\n\r\n");
  source.answer(200, kM3Answer);
  source.call(&SourceSession::select, format_720p30(), unicast());
  const std::string& m4 = source.requests().at(0).body;
  EXPECT_EQ(m4.find("wfd_video_formats"), m4.rfind("wfd_video_formats"));
  EXPECT_EQ(std::count(m4.begin(), m4.end(), ','), 0);
  EXPECT_EQ(m4.find("multicast"), std::string::npos);
}

// LG: CSeq from 0, M2 only after M3, and an error to M16.
TEST(ScriptedPeer, SinkWithLateM2LikeLg) {
  SourceRig source;
  source.peer_cseq = 0xFFFFFFFF;  // the next one is 0
  source.call(&SourceSession::start);
  source.answer(200, {}, {{"User-Agent", "LGE"}});
  source.advance(kM2Patience);
  ASSERT_EQ(source.requests().size(), 1u);
  const std::uint32_t m3 = source.last_request;
  source.ask(Method::Options, "*");
  EXPECT_EQ(source.responses().at(0).cseq, 0u);
  source.answer_to(m3, 200, kM3Answer);
  source.call(&SourceSession::select, format_720p30(), unicast());
  source.answer();
  source.answer();
  source.setup();
  source.play();
  ASSERT_EQ(source.session.state(), State::Playing);
  for (int i = 0; i < 5; ++i) {
    source.advance(10s);
    source.answer(501);
    ASSERT_EQ(source.session.state(), State::Playing);
  }
}

// Microsoft adapter: M2 first, M3 only then; no Session in its answers.
TEST(ScriptedPeer, SinkThatWantsM2FirstLikeTheMicrosoftAdapter) {
  SourceRig source;
  source.call(&SourceSession::start);
  source.answer(200, {}, {{"User-Agent", "MSFT-WDD"}});
  source.advance(kM2Patience - 1ms);
  EXPECT_TRUE(source.requests().empty());
  source.ask(Method::Options, "*");
  source.call(&SourceSession::written);
  source.advance(1ms);
  EXPECT_TRUE(source.requests().empty());
  source.advance(kM3Distance);
  EXPECT_EQ(source.requests().size(), 1u);
}

// Samsung: localhost in SETUP and PLAY, and bursts of M13.
TEST(ScriptedPeer, SinkThatUsesLocalhostLikeSamsung) {
  SourceRig source;
  source.reach(State::SettingUp);
  source.setup("RTP/AVP/UDP;unicast;client_port=19000", "rtsp://localhost/wfd1.0/streamid=0");
  EXPECT_EQ(source.code(), 200u);
  source.ask(Method::Play, "rtsp://localhost/wfd1.0/streamid=0", {{"Session", kKey}});
  EXPECT_EQ(source.code(), 200u);
  std::string burst;
  for (int i = 0; i < 8; ++i) {
    burst += serialize(
        Request{.method = Method::SetParameter, .uri = kUrl, .cseq = 10, .body = "wfd_idr_request\r\n"});
  }
  source.hear(burst);
  EXPECT_EQ(source.responses().size(), 8u);
  EXPECT_EQ(all<IdrRequested>(source.events).size(), 1u);
}

// Roku and Hisense: an RTCP port of 0 or the RTP port itself.
TEST(ScriptedPeer, SinkWithStrangeRtcpPortsLikeRoku) {
  for (const char* ports : {"1028-0", "1028-1028"}) {
    SourceRig source;
    source.reach(State::SettingUp);
    source.setup(std::string("RTP/AVP/UDP;unicast;client_port=") + ports);
    EXPECT_EQ(all<StreamSetUp>(source.events).at(0).client, (PortPair{1028, 0}));
  }
}

// An old LG dongle: SETUP without client_port.
TEST(ScriptedPeer, SinkWithoutClientPortLikeOldDongles) {
  SourceRig source;
  source.reach(State::SettingUp);
  source.setup("RTP/AVP/UDP;unicast");
  EXPECT_EQ(all<StreamSetUp>(source.events).at(0).client, (PortPair{19000, 0}));
}

// ActionTec: an error to the SETUP trigger.
TEST(ScriptedPeer, SinkThatRefusesTheSetupTriggerLikeActionTec) {
  SourceRig source;
  source.reach(State::SettingUp);
  source.answer(403);
  EXPECT_EQ(source.session.state(), State::Ending);
  source.call(&SourceSession::connection_lost);
  ASSERT_TRUE(source.ended(EndReason::Refused));
  EXPECT_EQ(all<SessionEnded>(source.events)[0].detail, "the sink answered 403 to M5 SETUP");
}

// miraclecast: Public in quotes, no answer to the TEARDOWN, PAUSE, PLAY triggers but 200.
TEST(ScriptedPeer, SinkThatIgnoresTriggersLikeMiraclecast) {
  SourceRig source;
  source.call(&SourceSession::start);
  source.answer(200, {}, {{"Public", "\"org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\""}});
  EXPECT_TRUE(source.has<SinkGreeted>());
  SourceRig playing;
  playing.reach(State::Playing);
  playing.call(&SourceSession::pause);
  playing.answer();
  EXPECT_EQ(playing.session.state(), State::Playing);
  playing.call(&SourceSession::end);
  playing.answer();
  playing.advance(kTeardownTimeout);
  EXPECT_EQ(playing.session.state(), State::Ended);
}

// A television with bits beyond the tables in its bitmaps (Sharp, Windows).
TEST(ScriptedPeer, SinkWithReservedBitsLikeSharp) {
  SourceRig source;
  source.reach(State::Querying);
  source.answer(200,
                "wfd_video_formats: 06 00 03 1F FFFFFFFF FFFFFFFF FFFFFFFF 00 0000 0000 00 none none\r\n"
                "wfd_audio_codecs: AAC 0000000F 00, LPCM 000001FF 00\r\n"
                "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
                "wfdcast_multicast: none\r\n");
  ASSERT_TRUE(source.has<SinkDescribed>());
  EXPECT_FALSE(source.session.sink().multicast);
}

// Windows: 26 names in M3, M4 and M5 in one body, no wfd_uibc_setting.
TEST(ScriptedPeer, SourceWithManyNamesLikeWindows) {
  SinkRig sink;
  sink.call(&SinkSession::start);
  sink.m1();
  std::string names;
  for (int i = 0; i < 26; ++i) names += "microsoft_name_" + std::to_string(i) + "\r\n";
  sink.m3(names + "wfd_video_formats\r\n");
  EXPECT_EQ(std::count(sink.said_bytes.begin(), sink.said_bytes.end(), '\n'), 26 + 1 + 5);
  sink.set(SinkRig::m4_body() +
           "wfd_uibc_capability: "
           "input_category_list=HIDC;generic_cap_list=none;hidc_cap_list=Keyboard/USB;port=50000\r\n"
           "microsoft_latency_management_capability: normal\r\nwfd_trigger_method: SETUP\r\n");
  EXPECT_EQ(sink.code(), 200u);
  EXPECT_EQ(sink.session.state(), SinkSession::State::SettingUp);
}

// Intel WiDi on Windows 8: a TEARDOWN trigger right after the answer to M1.
TEST(ScriptedPeer, SourceThatTearsDownAtOnceLikeWidi) {
  SinkRig sink;
  sink.call(&SinkSession::start);
  sink.m1();
  sink.trigger("TEARDOWN");
  EXPECT_EQ(sink.code(), 200u);
  sink.call(&SinkSession::connection_lost);
  EXPECT_TRUE(sink.ended(EndReason::PeerTeardown));
}

// Android: waits for M2, asks four names.
TEST(ScriptedPeer, SourceThatAsksFourNamesLikeAndroid) {
  SinkRig sink;
  sink.call(&SinkSession::start);
  sink.m1();
  ASSERT_EQ(sink.requests().size(), 1u);
  sink.answer();
  sink.m3("wfd_content_protection\r\nwfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\n");
  EXPECT_TRUE(sink.responses().at(0).body.starts_with("wfd_content_protection: none\r\n"));
  EXPECT_TRUE(sink.responses().at(0).body.ends_with("\r\n"));
}

}  // namespace
}  // namespace wfdcast::rtsp::test
