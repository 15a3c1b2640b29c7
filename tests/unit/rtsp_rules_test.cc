// The rules of docs/rtsp.md that avoid most interoperability failures, as far
// as they are about RTSP. Rule 1 and 2 are about who connects to whom, and stay
// with the daemon.
#include "rtsp_rig.h"

#include "rtsp/capabilities.h"

namespace wfdcast::rtsp::test {
namespace {

using Source = SourceSession::State;
using Sink = SinkSession::State;

const std::string* body_of_last(const std::vector<Message>& said, Method method, std::string_view name) {
  for (const Message& message : said) {
    const auto* request = std::get_if<Request>(&message);
    if (request != nullptr && request->method == method && request->body.find(name) != std::string::npos) {
      return &request->body;
    }
  }
  return nullptr;
}

TEST(Rule, R03_MessagesComeGluedAndSplitAnywhere) {
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{17}, std::string::npos}) {
    Pair pair;
    pair.piece = piece;
    pair.connect();
    EXPECT_EQ(pair.source.state(), Source::Playing) << piece;
    EXPECT_EQ(pair.sink.state(), Sink::Playing) << piece;
  }
}

// What one side says in a whole session, given to the other in two parts, cut at every byte.
TEST(Rule, R03_AWholeConversationMayBeCutAtAnyByte) {
  Pair recorded;
  recorded.connect();
  for (std::size_t cut = 0; cut <= recorded.said_by_source.size(); ++cut) {
    SinkSession sink(sink_options());
    (void)sink.start(kStart);
    (void)sink.receive(std::string_view(recorded.said_by_source).substr(0, cut), kStart);
    (void)sink.receive(std::string_view(recorded.said_by_source).substr(cut), kStart);
    ASSERT_EQ(sink.state(), Sink::Playing) << "cut at " << cut;
  }
}

TEST(Rule, R04_EachSideCountsItsOwnCSeq) {
  Pair pair;
  pair.connect();
  std::uint32_t next = 1;
  for (const Message& message : messages_in(pair.said_by_source)) {
    if (const auto* request = std::get_if<Request>(&message)) {
      EXPECT_EQ(request->cseq, next++);
    }
  }
  EXPECT_EQ(next, 5u);  // M1, M3, M4, M5
  next = 1;
  for (const Message& message : messages_in(pair.said_by_sink)) {
    if (const auto* request = std::get_if<Request>(&message)) {
      EXPECT_EQ(request->cseq, next++);
    }
  }
  EXPECT_EQ(next, 4u);  // M2, M6, M7
}

TEST(Rule, R04_ThePeersCSeqMayStartAnywhere) {
  SourceRig source;
  source.peer_cseq = 4'294'967'000u;
  source.reach(Source::Playing);
  EXPECT_EQ(source.session.state(), Source::Playing);
  EXPECT_EQ(source.responses().at(0).cseq, source.peer_cseq);
}

TEST(Rule, R05_M2MayComeInAnyState) {
  for (const Source state :
       {Source::Greeting, Source::Querying, Source::Choosing, Source::Fixing, Source::SettingUp,
        Source::Ready, Source::Playing, Source::Paused, Source::Ending}) {
    SourceRig source;
    source.reach(state);
    source.ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0"}});
    EXPECT_EQ(source.code(), 200u) << to_string(state);
    EXPECT_EQ(find(source.responses()[0].headers, "Public"),
              "org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER");
    EXPECT_EQ(source.session.state(), state);
  }
}

TEST(Rule, R06_EveryNameOfM3IsAnswered) {
  SinkRig sink;
  sink.reach(Sink::Describing);
  sink.m3(
      "wfd_video_formats\r\nwfd2_video_formats\r\nmicrosoft_cursor\r\nwfd_I2C\r\nintel_sink_device_URL\r\n"
      "wfd_display_edid\r\nwfd_uibc_capability\r\nwfd_content_protection\r\nwfd_coupled_sink\r\nwfd_"
      "connector_type\r\n"
      "wfd_standby_resume_capability\r\nwfd_idr_request_capability\r\n");
  ASSERT_EQ(sink.code(), 200u);
  EXPECT_EQ(
      sink.responses()[0].body,
      "wfd_video_formats: 00 00 01 10 000001E1 00000000 00000000 00 0000 0000 00 none none, "
      "02 10 000001E1 00000000 00000000 00 0000 0000 00 none none\r\n"
      "wfd2_video_formats: none\r\nmicrosoft_cursor: none\r\nwfd_I2C: none\r\nintel_sink_device_URL: none\r\n"
      "wfd_display_edid: none\r\nwfd_uibc_capability: none\r\nwfd_content_protection: none\r\n"
      "wfd_coupled_sink: none\r\nwfd_connector_type: 05\r\nwfd_standby_resume_capability: supported\r\n"
      "wfd_idr_request_capability: 1\r\n");
}

TEST(Rule, R07_ClientRtpPortsAreRtpAvpUdpUnicast) {
  SinkRig sink;
  sink.reach(Sink::Describing);
  sink.m3("wfd_client_rtp_ports\r\n");
  EXPECT_EQ(sink.responses().at(0).body, "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n");
  SourceRig source;
  source.reach(Source::Fixing);
  const std::string* m4 = body_of_last(source.said, Method::SetParameter, "wfd_client_rtp_ports");
  ASSERT_NE(m4, nullptr);
  EXPECT_NE(m4->find("wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"), std::string::npos);
}

TEST(Rule, R08_VideoTuplesHave58Characters) {
  const VideoFormats formats{
      .native = 0x40,
      .preferred = 0,
      .codecs = {{.profiles = 1, .level = 1, .modes = {.cea = 1}},
                 {.profiles = 2, .level = 0x10, .modes = {.cea = 0xFFFFFFFF, .vesa = 0, .hh = 1}}}};
  const std::string text = serialize(formats);
  ASSERT_EQ(text.size(), 6 + 58 + 2 + 58u);
  EXPECT_EQ(text.substr(64, 2), ", ");
}

TEST(Rule, R09_Sends640x480p60AndTheLowerPartnersOfFastModes) {
  SinkOptions options = sink_options();
  // 1080p60 alone in CEA, 1024x768p60 alone in VESA.
  options.capabilities.video = {{.profiles = 1, .level = 0x10, .modes = {.cea = 1u << 8, .vesa = 1u << 3}}};
  SinkRig sink(options);
  sink.reach(Sink::Describing);
  sink.m3("wfd_video_formats\r\n");
  EXPECT_EQ(sink.responses().at(0).body,
            "wfd_video_formats: 00 00 01 10 00000181 0000000C 00000000 00 0000 0000 00 none none\r\n");
}

TEST(Rule, R10_SessionIdHasTenHexDigitsAndIsEchoedWithoutParameters) {
  SourceRig source;
  source.reach(Source::Ready);
  EXPECT_EQ(find(source.responses().at(0).headers, "Session"), kKey + ";timeout=30");
  SinkRig sink;
  sink.reach(Sink::Starting);
  ASSERT_EQ(sink.requests().size(), 1u);
  EXPECT_EQ(find(sink.requests()[0].headers, "Session"), kKey);
}

TEST(Rule, R10_ARequestMayRepeatTheTimeout) {
  SourceRig source;
  source.reach(Source::Ready);
  source.ask(Method::Play, kUrl, {{"Session", kKey + ";timeout=30"}});
  EXPECT_EQ(source.code(), 200u);
  EXPECT_EQ(source.session.state(), Source::Playing);
}

TEST(Rule, R11_AMissingTimeoutIs60SecondsAndTheSinkAdds20) {
  for (const auto& [session, seconds] : {std::pair<std::string, int>{kKey, 60},
                                         {kKey + ";timeout=30", 30},
                                         {kKey + " ; Timeout=45", 45},
                                         {kKey + ";timeout=5", 60},
                                         {kKey + ";timeout=x", 60}}) {
    SinkRig sink;
    sink.reach(Sink::SettingUp);
    sink.answer_setup(session);
    sink.answer(200);
    ASSERT_EQ(sink.session.state(), Sink::Playing) << session;
    const Time end = kStart + std::chrono::seconds(seconds) + kSinkGrace;
    EXPECT_EQ(sink.session.next_deadline(), end) << session;
    sink.tick_at(end - 1ns);
    EXPECT_EQ(sink.session.state(), Sink::Playing);
    sink.tick_at(end);
    EXPECT_TRUE(sink.ended(EndReason::NoAnswer)) << session;
  }
}

TEST(Rule, R11_M16GoesOutWhateverTheSinkSays) {
  SourceRig source;
  source.reach(Source::Playing);
  for (int i = 0; i < 20; ++i) {
    source.advance(9s);
    source.ask(Method::GetParameter, kControl, {{"Session", kKey}});
    source.advance(1s);
    ASSERT_EQ(source.requests().size(), 1u) << i;
    const Request& m16 = source.requests()[0];
    EXPECT_EQ(m16.method, Method::GetParameter);
    EXPECT_EQ(m16.body, "");
    EXPECT_EQ(find(m16.headers, "Session"), kKey);
    source.answer();
  }
}

TEST(Rule, R12_AnswerToM16NeedsNoSession) {
  SourceRig source;
  source.reach(Source::Playing);
  for (int i = 0; i < 10; ++i) {
    source.advance(10s);
    source.answer();  // without a Session header
    ASSERT_EQ(source.session.state(), Source::Playing);
  }
}

TEST(Rule, R12_AnyMessageAndRtcpAreProofOfLife) {
  SourceRig source;
  source.reach(Source::Playing);
  for (int i = 0; i < 10; ++i) {
    source.advance(29s);
    ASSERT_EQ(source.session.state(), Source::Playing);
    if (i % 2 == 0) source.session.heard(source.now);
    if (i % 2 == 1) source.ask(Method::Options, "*");
  }
  source.advance(30s);
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
}

TEST(Rule, R13_IdrRequestIsALineWithoutColon) {
  SinkRig sink;
  sink.reach(Sink::Playing);
  sink.call(&SinkSession::request_idr);
  ASSERT_EQ(sink.requests().size(), 1u);
  EXPECT_EQ(sink.requests()[0].body, "wfd_idr_request\r\n");
  EXPECT_EQ(sink.requests()[0].uri, kControl);
  SourceRig source;
  source.reach(Source::Playing);
  source.ask(Method::SetParameter, kControl, {{"Session", kKey}}, "wfd_idr_request\r\n");
  EXPECT_EQ(source.code(), 200u);
  EXPECT_TRUE(source.has<IdrRequested>());
}

TEST(Rule, R14_IdrRequestsBackToBackMakeTwoPictures) {
  SourceRig source;
  source.reach(Source::Playing);
  std::size_t pictures = 0;
  for (int i = 0; i < 8; ++i) {
    source.ask(Method::SetParameter, kUrl, {{"Session", kKey}}, "wfd_idr_request\r\n");
    EXPECT_EQ(source.code(), 200u);
    pictures += all<IdrRequested>(source.events).size();
  }
  EXPECT_EQ(pictures, 1u);
  EXPECT_EQ(source.session.next_deadline(), source.now + kSourceIdrPeriod);
  source.advance(kSourceIdrPeriod);  // the last of the burst is late, not lost
  EXPECT_TRUE(source.has<IdrRequested>());
  source.advance(kSourceIdrPeriod);
  EXPECT_FALSE(source.has<IdrRequested>());
}

TEST(Rule, R15_AFormatChangeIsAnsweredOnlyWhenItCanBeDone) {
  SinkRig sink;
  sink.reach(Sink::Playing);
  sink.set(
      "wfd_video_formats: 00 00 01 10 00000080 00000000 00000000 00 0000 0000 00 none none\r\n"
      "wfd_av_format_change_timing: 00000bb800 00000bb800\r\n");
  EXPECT_EQ(sink.code(), 200u);
  ASSERT_TRUE(sink.has<StreamChosen>());  // the owner switches before the answer leaves
  EXPECT_EQ(all<StreamChosen>(sink.events)[0].format.video->mode, *find_mode(1920, 1080, 30));
  EXPECT_EQ(all<StreamChosen>(sink.events)[0].format.audio, AudioFormat::Aac);
  sink.set("wfd_video_formats: 00 00 01 10 00000400 00000000 00000000 00 0000 0000 00 none none\r\n");
  EXPECT_EQ(sink.code(), 303u);
  EXPECT_FALSE(sink.has<StreamChosen>());
  EXPECT_EQ(sink.session.state(), Sink::Playing);
}

TEST(Rule, R16_OneServerPortUnlessRtcpWasAskedFor) {
  for (const auto& [asked, answered] : {
           std::pair<std::string, std::string>{"RTP/AVP/UDP;unicast;client_port=19000",
                                               "RTP/AVP/UDP;unicast;client_port=19000;server_port=15550"},
           {"RTP/AVP/UDP;unicast;client_port=19000-19001",
            "RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=15550-15551"},
           {"RTP/AVP/UDP;unicast", "RTP/AVP/UDP;unicast;client_port=19000;server_port=15550"},
           {"RTP/AVP/UDP;unicast;client_port=1028-0",
            "RTP/AVP/UDP;unicast;client_port=1028;server_port=15550"},
       }) {
    SourceRig source;
    source.reach(Source::SettingUp);
    source.setup(asked);
    ASSERT_EQ(source.code(), 200u) << asked;
    EXPECT_EQ(find(source.responses()[0].headers, "Transport"), answered);
  }
}

TEST(Rule, R16_TheSinkReadsAllFormsOfServerPort) {
  for (const auto& [text, ports] : {std::pair<std::string, PortPair>{";server_port=15550", {15550, 0}},
                                    {";server_port=53151-53153;ssrc=614f4929", {53151, 53153}},
                                    {"", {0, 0}}}) {
    SinkRig sink;
    sink.reach(Sink::SettingUp);
    sink.answer_setup(kKey, "RTP/AVP/UDP;unicast;client_port=19000" + text);
    ASSERT_TRUE(sink.has<StreamReady>()) << text;
    EXPECT_EQ(all<StreamReady>(sink.events)[0].transport.server, ports);
    EXPECT_EQ(all<StreamReady>(sink.events)[0].transport.client, (PortPair{19000, 19001}));
  }
}

TEST(Rule, R17_TeardownIsAnsweredAtOnceInAnyState) {
  for (const Source state :
       {Source::Greeting, Source::Querying, Source::Choosing, Source::Fixing, Source::SettingUp,
        Source::Ready, Source::Playing, Source::Paused, Source::Ending}) {
    SourceRig source;
    source.reach(state);
    source.ask(Method::Teardown, kUrl);
    EXPECT_EQ(source.code(), 200u) << to_string(state);
    EXPECT_TRUE(source.ended(state == Source::Ending ? EndReason::Requested : EndReason::PeerTeardown));
  }
  for (const Sink state : {Sink::Greeting, Sink::Describing, Sink::AwaitingTrigger, Sink::SettingUp,
                           Sink::Starting, Sink::Playing, Sink::Pausing, Sink::Paused, Sink::Ending}) {
    SinkRig sink;
    sink.reach(state);
    sink.trigger("TEARDOWN");
    ASSERT_EQ(sink.code(), 200u) << to_string(state);
    EXPECT_TRUE(std::holds_alternative<Response>(sink.said[0]));  // before M8
    EXPECT_EQ(sink.requests().size(), state == Sink::Ending ? 0u : 1u);
    EXPECT_EQ(sink.session.state(), Sink::Ending);
  }
}

}  // namespace
}  // namespace wfdcast::rtsp::test
