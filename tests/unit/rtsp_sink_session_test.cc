// The sink's state table of docs/rtsp.md row by row, its timers and codes.
#include "rtsp_rig.h"

namespace wfdcast::rtsp::test {
namespace {

using State = SinkSession::State;

constexpr std::array kStates{State::Greeting, State::Describing, State::AwaitingTrigger, State::SettingUp,
                             State::Starting, State::Playing,    State::Pausing,         State::Paused};

TEST(SinkSession, AnswersM1AndSendsM2AtOnce) {
  SinkRig sink;
  sink.reach(State::Greeting);
  EXPECT_EQ(sink.said_bytes, "");
  sink.m1();
  EXPECT_EQ(sink.said_bytes,
            "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\r\n"
            "User-Agent: wfdcast\r\nWfdcast: id=ab010203000000000000000000000000;"
            "token=0102030405060708090a0b0c0d0e0f10\r\n\r\n"
            "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n");
  EXPECT_EQ(sink.session.state(), State::Describing);
}

TEST(SinkSession, SaysWhoItIsOnlyInTheAnswerToM1) {
  SinkRig sink;
  sink.reach(State::Describing);
  sink.m1();
  EXPECT_EQ(find(sink.responses().at(0).headers, "Wfdcast"), std::nullopt);
  EXPECT_TRUE(sink.requests().empty());  // no second M2
}

TEST(SinkSession, AnswersOptionsM3AndM16InEveryState) {
  for (const State state : kStates) {
    SinkRig sink;
    sink.reach(state);
    if (state != State::Greeting) {
      sink.m1();
      EXPECT_EQ(sink.code(), 200u) << to_string(state);
    }
    sink.m3("wfd_connector_type\r\n");
    EXPECT_EQ(sink.code(), 200u);
    EXPECT_EQ(sink.responses()[0].body, "wfd_connector_type: 05\r\n");
    sink.ask(Method::GetParameter, kControl);
    EXPECT_EQ(sink.code(), 200u);
    EXPECT_EQ(sink.responses()[0].body, "");
    EXPECT_EQ(sink.session.state(), state);
  }
}

TEST(SinkSession, AnswersEachNameOnceHoweverOftenItIsAsked) {
  SinkRig sink;
  sink.reach(State::Describing);
  std::string names;
  for (int i = 0; i < 200; ++i) names += "wfd_video_formats\r\n";
  sink.m3(names);
  EXPECT_LT(sink.said_bytes.size(), 400u);
}

TEST(SinkSession, WithoutHeaderItIsAnOrdinarySink) {
  SinkOptions options = sink_options();
  options.header.reset();
  SinkRig sink(options);
  sink.reach(State::Greeting);
  sink.m1();
  EXPECT_EQ(sink.said_bytes.find("Wfdcast"), std::string::npos);
  sink.m3("wfdcast_multicast\r\n");
  EXPECT_EQ(sink.responses().at(0).body, "wfdcast_multicast: none\r\n");
}

TEST(SinkSession, M4IsCheckedBeforeItIsAnswered) {
  SinkRig sink;
  sink.reach(State::Describing);
  sink.m4();
  EXPECT_EQ(sink.code(), 200u);
  EXPECT_EQ(all<StreamChosen>(sink.events).at(0).format, format_720p30());
  EXPECT_EQ(sink.session.state(), State::AwaitingTrigger);
}

TEST(SinkSession, M4ThatItCannotDoIs303AndChangesNothing) {
  for (const auto& [body, refusal] : {
           std::pair<std::string, std::string>{
               // 720p50 was not offered
               "wfd_video_formats: 00 00 01 10 00000800 00000000 00000000 00 0000 0000 00 none none\r\n",
               "wfd_video_formats: 415\r\n"},
           {"wfd_video_formats: 00 00 01 10 00000060 00000000 00000000 00 0000 0000 00 none none\r\n",
            "wfd_video_formats: 457\r\n"},  // two modes
           {"wfd_video_formats: 00 00 01 10 80000000 00000000 00000000 00 0000 0000 00 none none\r\n",
            "wfd_video_formats: 415\r\n"},  // a reserved mode
           {"wfd_video_formats: 00 00 01 20 00000020 00000000 00000000 00 0000 0000 00 none none\r\n",
            "wfd_video_formats: 415\r\n"},  // level 5
           {"wfd_video_formats: 00 00 00 10 00000020 00000000 00000000 00 0000 0000 00 none none\r\n",
            "wfd_video_formats: 457\r\n"},  // no profile
           {"wfd_video_formats: garbage\r\nwfd_audio_codecs: AC3 00000001 00\r\n",
            "wfd_video_formats: 457\r\nwfd_audio_codecs: 415\r\n"},
           {"wfd_audio_codecs: AAC 00000003 00\r\n", "wfd_audio_codecs: 457\r\n"},
           {"wfd_audio_codecs: DTS 00000001 00\r\n", "wfd_audio_codecs: 415\r\n"},
           {"wfd_presentation_URL: http://a none\r\n", "wfd_presentation_URL: 457\r\n"},
           {"wfd_trigger_method: STOP\r\n", "wfd_trigger_method: 457\r\n"},
           {"wfdcast_transport: RTP/AVP/UDP;multicast;port=1\r\n", "wfdcast_transport: 457\r\n"},
       }) {
    SinkRig sink;
    sink.reach(State::Describing);
    sink.set(body + "wfd_trigger_method: SETUP\r\n");
    EXPECT_EQ(sink.code(), 303u) << body;
    EXPECT_EQ(sink.responses().at(0).body, refusal);
    EXPECT_TRUE(sink.events.empty());
    EXPECT_TRUE(sink.requests().empty());
    EXPECT_EQ(sink.session.state(), State::Describing);
  }
}

TEST(SinkSession, M4MayComeInPieces) {
  SinkRig sink;
  sink.reach(State::Describing);
  sink.set("wfd_video_formats: 00 00 01 01 00000020 00000000 00000000 00 0000 0000 00 none none\r\n");
  sink.set("wfd_audio_codecs: AAC 00000001 00\r\n");
  EXPECT_EQ(all<StreamChosen>(sink.events).at(0).format, format_720p30());
  sink.set("wfd_presentation_URL: " + kUrl + " none\r\n");
  sink.trigger("SETUP");
  EXPECT_EQ(sink.requests().at(0).uri, kUrl);
  EXPECT_EQ(sink.session.state(), State::SettingUp);
}

TEST(SinkSession, M4AndM5MayComeInOneBody) {
  SinkRig sink;
  sink.reach(State::Describing);
  sink.set("wfd_trigger_method: SETUP\r\n" + SinkRig::m4_body());
  ASSERT_EQ(sink.said.size(), 2u);
  EXPECT_EQ(sink.code(), 200u);
  EXPECT_EQ(serialize(sink.requests().at(0)),
            "SETUP " + kUrl +
                " RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/UDP;unicast;client_port=19000-19001\r\n\r\n");
}

TEST(SinkSession, AsksNoRtcpWithoutAnRtcpPort) {
  SinkOptions options = sink_options();
  options.client = {19000, 0};
  SinkRig sink(options);
  sink.reach(State::SettingUp);
  EXPECT_EQ(find(sink.requests().at(0).headers, "Transport"), "RTP/AVP/UDP;unicast;client_port=19000");
}

TEST(SinkSession, SetupAnswerLeadsToPlay) {
  SinkRig sink;
  sink.reach(State::SettingUp);
  sink.answer_setup();
  EXPECT_EQ(all<StreamReady>(sink.events).at(0).transport.server, (PortPair{15550, 15551}));
  EXPECT_EQ(serialize(sink.requests().at(0)),
            "PLAY " + kUrl + " RTSP/1.0\r\nCSeq: 3\r\nSession: " + kKey + "\r\n\r\n");
  EXPECT_FALSE(sink.has<StreamPlaying>());
  sink.answer();
  EXPECT_TRUE(sink.has<StreamPlaying>());
  EXPECT_EQ(sink.session.state(), State::Playing);
}

TEST(SinkSession, RefusedSetupAndPlayEndIt) {
  for (const unsigned code : {303u, 400u, 404u, 454u, 455u, 461u, 500u}) {
    for (const State state : {State::SettingUp, State::Starting}) {
      SinkRig sink;
      sink.reach(state);
      sink.answer(code);
      EXPECT_TRUE(sink.ended(EndReason::Refused)) << code;
    }
  }
}

TEST(SinkSession, ASetupAnswerThatCannotBeUsedEndsIt) {
  const std::string good = "RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=15550";
  for (const auto& [session, transport] : {std::pair<std::string, std::string>{"", good},
                                           {";timeout=30", good},
                                           {std::string(129, 'a'), good},
                                           {kKey, "RTP/AVP/TCP;interleaved=0-1"},
                                           {kKey, "RTP/AVP/UDP;unicast;server_port=0"},
                                           {kKey, "RTP/AVP/UDP;multicast;port=1"}}) {
    SinkRig sink;
    sink.reach(State::SettingUp);
    sink.answer_setup(session, transport);
    EXPECT_TRUE(sink.ended(EndReason::Refused)) << session << ' ' << transport;
  }
  SinkOptions options = sink_options();
  options.capabilities.multicast = false;
  SinkRig sink(options);
  sink.reach(State::SettingUp);
  sink.answer_setup(kKey, "RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550");
  EXPECT_TRUE(sink.ended(EndReason::Refused));
}

TEST(SinkSession, TriggersInOddOrderAreAnsweredAndIgnored) {
  for (const State state : kStates) {
    for (const char* trigger : {"SETUP", "PLAY", "PAUSE"}) {
      SinkRig sink;
      sink.reach(state);
      sink.trigger(trigger);
      EXPECT_EQ(sink.code(), 200u) << to_string(state) << ' ' << trigger;
      const bool fits = (state == State::AwaitingTrigger && trigger == std::string("SETUP")) ||
                        (state == State::Playing && trigger == std::string("PAUSE")) ||
                        (state == State::Paused && trigger == std::string("PLAY"));
      EXPECT_EQ(sink.requests().size(), fits ? 1u : 0u) << to_string(state) << ' ' << trigger;
      EXPECT_EQ(sink.session.state() == state, !fits);
    }
  }
}

TEST(SinkSession, ATriggerDuringTheOtherIsCarriedOutAfterwards) {
  SinkRig sink;
  sink.reach(State::Pausing);
  sink.trigger("PLAY");
  EXPECT_TRUE(sink.requests().empty());
  sink.answer_to(4);  // M9
  EXPECT_TRUE(sink.has<StreamPaused>());
  EXPECT_EQ(sink.requests().at(0).method, Method::Play);
  sink.trigger("PAUSE");
  sink.trigger("PLAY");  // the last one counts
  sink.answer_to(5);     // M7
  EXPECT_EQ(sink.session.state(), State::Playing);
}

TEST(SinkSession, ARefusedPausePlaysOn) {
  SinkRig sink;
  sink.reach(State::Pausing);
  sink.answer(406);
  EXPECT_EQ(sink.session.state(), State::Playing);
  EXPECT_FALSE(sink.has<StreamPaused>());
}

TEST(SinkSession, ObeysASourceThatSendsTheMethodsItself) {
  SinkRig sink;
  sink.reach(State::Playing);
  sink.ask(Method::Pause, kUrl);
  EXPECT_EQ(sink.code(), 200u);
  EXPECT_TRUE(sink.has<StreamPaused>());
  sink.ask(Method::Play, kUrl);
  EXPECT_EQ(sink.code(), 200u);
  EXPECT_TRUE(sink.has<StreamPlaying>());
  sink.ask(Method::Teardown, kUrl);
  EXPECT_EQ(sink.code(), 200u);
  EXPECT_TRUE(sink.ended(EndReason::PeerTeardown));
}

TEST(SinkSession, EndSendsM8AndIsOverWithinTwoSeconds) {
  SinkRig sink;
  sink.reach(State::Ending);
  EXPECT_EQ(serialize(sink.requests().at(0)),
            "TEARDOWN " + kUrl + " RTSP/1.0\r\nCSeq: 4\r\nSession: " + kKey + "\r\n\r\n");
  sink.answer();
  EXPECT_TRUE(sink.ended(EndReason::Requested));
  for (const State state : kStates) {
    SinkRig silent;
    silent.reach(state);
    silent.call(&SinkSession::end);
    if (silent.session.state() != State::Ended) {
      EXPECT_EQ(silent.session.next_deadline(), silent.now + kTeardownTimeout);
      silent.advance(kTeardownTimeout);
      EXPECT_TRUE(silent.ended(EndReason::NoAnswer)) << to_string(state);
    }
  }
}

TEST(SinkSession, ConnectionLostInEveryState) {
  for (const State state : kStates) {
    SinkRig sink;
    sink.reach(state);
    sink.call(&SinkSession::connection_lost);
    EXPECT_TRUE(sink.ended(EndReason::ConnectionLost)) << to_string(state);
  }
  SinkRig ending;
  ending.reach(State::Ending);
  ending.call(&SinkSession::connection_lost);
  EXPECT_TRUE(ending.ended(EndReason::Requested));
}

TEST(SinkSession, IdrRequestsAreAtMostOneIn500Milliseconds) {
  SinkRig sink;
  sink.reach(State::Playing);
  sink.call(&SinkSession::request_idr);
  EXPECT_EQ(sink.requests().size(), 1u);
  for (int i = 0; i < 10; ++i) {
    sink.now += 1ms;
    sink.call(&SinkSession::request_idr);
    EXPECT_TRUE(sink.requests().empty());
  }
  sink.tick_at(kStart + kSinkIdrPeriod);
  EXPECT_EQ(sink.requests().size(), 1u);
  sink.advance(kSinkIdrPeriod);
  EXPECT_TRUE(sink.requests().empty());
  sink.advance(kReplyTimeout);  // M13 without an answer is no reason to end
  EXPECT_EQ(sink.session.state(), State::Playing);
}

TEST(SinkSession, AHeldIdrRequestIsDroppedWhenPlayingStops) {
  SinkRig sink;
  sink.reach(State::Playing);
  sink.call(&SinkSession::request_idr);
  sink.call(&SinkSession::request_idr);
  EXPECT_EQ(sink.session.next_deadline(), sink.now + kSinkIdrPeriod);
  sink.call(&SinkSession::pause);
  sink.advance(kSinkIdrPeriod);
  EXPECT_TRUE(sink.requests().empty());
}

TEST(SinkSession, NoIdrRequestUnlessPlaying) {
  SinkRig sink;
  sink.reach(State::Paused);
  sink.call(&SinkSession::request_idr);
  EXPECT_EQ(sink.said_bytes, "");
}

TEST(SinkSession, ReportsOnlyToAWfdcastSource) {
  SinkRig sink;
  sink.reach(State::Playing);
  sink.call(&SinkSession::report, Delivery::Multicast, "x");
  EXPECT_EQ(sink.said_bytes, "");
  sink.m3("wfdcast_multicast\r\n");
  EXPECT_EQ(sink.responses().at(0).body, "wfdcast_multicast: supported\r\n");
  sink.call(&SinkSession::report, Delivery::Multicast, "lag=3ms\r\nwfd_idr_request");
  EXPECT_EQ(sink.requests().at(0).body, "wfdcast_delivery: multicast lag=3mswfd_idr_request\r\n");
  sink.call(&SinkSession::report, Delivery::Unicast, "a");
  sink.call(&SinkSession::report, Delivery::Unicast, "silent");
  EXPECT_EQ(sink.said_bytes, "");  // one at a time, the last one wins
  sink.answer();
  EXPECT_EQ(sink.requests().at(0).body, "wfdcast_delivery: unicast silent\r\n");
}

TEST(SinkSession, MovesOnlyWithinASession) {
  for (const State state : kStates) {
    SinkRig sink;
    sink.reach(state);
    sink.set("wfdcast_transport: RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;ttl=2\r\n");
    const bool session = state >= State::Starting;
    EXPECT_EQ(sink.code(), session ? 200u : 455u) << to_string(state);
    EXPECT_EQ(sink.has<MoveRequested>(), session);
  }
}

// Timers.

TEST(SinkSession, WaitsForEachNextRequest) {
  for (const State state : {State::Greeting, State::Describing, State::AwaitingTrigger}) {
    SinkRig sink;
    sink.reach(state);
    EXPECT_EQ(sink.session.next_deadline(), sink.now + kNextRequest) << to_string(state);
    sink.advance(kNextRequest - 1ns);
    EXPECT_EQ(sink.session.state(), state);
    sink.advance(1ns);
    EXPECT_TRUE(sink.ended(EndReason::NoAnswer));
  }
}

TEST(SinkSession, M3GivesTheSourceTimeForM4) {
  SinkRig sink;
  sink.reach(State::Describing);
  sink.advance(15s);
  sink.m3("wfd_video_formats\r\n");
  sink.advance(15s);
  EXPECT_EQ(sink.session.state(), State::Describing);
}

TEST(SinkSession, UnansweredRequestsEndIt) {
  for (const State state : {State::SettingUp, State::Starting, State::Pausing}) {
    SinkRig sink;
    sink.reach(state);
    sink.advance((state == State::SettingUp ? kSetupTimeout : kReplyTimeout) - 1ns);
    EXPECT_EQ(sink.session.state(), state);
    sink.advance(1ns);
    EXPECT_TRUE(sink.ended(EndReason::NoAnswer)) << to_string(state);
  }
}

TEST(SinkSession, PicturesKeepItAliveWhenMessagesDoNot) {
  SinkRig sink;
  sink.reach(State::Playing);
  for (int i = 0; i < 10; ++i) {
    sink.advance(49s);
    ASSERT_EQ(sink.session.state(), State::Playing);
    sink.session.heard(sink.now);
  }
  sink.advance(30s + kSinkGrace);
  EXPECT_TRUE(sink.ended(EndReason::NoAnswer));
}

// Status codes.

TEST(SinkSession, StatusCodes) {
  SinkRig sink;
  sink.reach(State::Playing);
  sink.ask(Method::Setup, kUrl);
  EXPECT_EQ(sink.code(), 405u);
  sink.ask(Method::Describe, kUrl);
  EXPECT_EQ(sink.code(), 405u);
  sink.hear("FLY * RTSP/1.0\r\nCSeq: 50\r\n\r\n");
  EXPECT_EQ(sink.code(), 501u);
  sink.hear("OPTIONS * RTSP/1.1\r\nCSeq: 51\r\n\r\n");
  EXPECT_EQ(sink.code(), 505u);
  sink.ask(Method::Options, "*", {{"Require", "com.example.tunnel"}});
  EXPECT_EQ(sink.code(), 551u);
  sink.set("wfd_uibc_setting: disable\r\nunknown: 1\r\n");
  EXPECT_EQ(sink.code(), 200u);
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a\r\n";
  sink.m3(many);
  EXPECT_EQ(sink.code(), 400u);
  EXPECT_EQ(sink.session.state(), State::Playing);
  sink.answer_to(77);
  EXPECT_TRUE(sink.ended(EndReason::BadMessage));
}

}  // namespace
}  // namespace wfdcast::rtsp::test
