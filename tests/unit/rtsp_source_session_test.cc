// The source's state table of docs/rtsp.md row by row, its timers and codes.
#include "rtsp_rig.h"

namespace wfdcast::rtsp::test {
namespace {

using State = SourceSession::State;

std::string wfdcast_header() { return serialize(WfdcastHeader{kSinkId, kToken}); }

TEST(SourceSession, StartSendsM1) {
  SourceRig source;
  source.call(&SourceSession::start);
  EXPECT_EQ(source.said_bytes, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n");
  EXPECT_EQ(source.session.state(), State::Greeting);
  source.call(&SourceSession::start);
  EXPECT_EQ(source.said_bytes, "");
}

TEST(SourceSession, AsksAWfdcastSinkAtOnce) {
  SourceRig source;
  source.reach(State::Greeting);
  source.answer(200, {}, {{"Public", "x"}, {"Wfdcast", wfdcast_header()}, {"User-Agent", "wfdcast"}});
  ASSERT_TRUE(source.has<SinkGreeted>());
  EXPECT_EQ(all<SinkGreeted>(source.events)[0].wfdcast, kSinkId);
  EXPECT_EQ(all<SinkGreeted>(source.events)[0].token, kToken);
  ASSERT_EQ(source.requests().size(), 1u);
  EXPECT_EQ(source.requests()[0].body,
            "wfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\nwfd_display_edid\r\n"
            "wfd_connector_type\r\nwfd_standby_resume_capability\r\nwfd_idr_request_capability\r\n"
            "wfdcast_multicast\r\nwfdcast_repair\r\n");
  EXPECT_EQ(source.session.state(), State::Querying);
}

TEST(SourceSession, AsksAnotherSinkWhenTheAnswerToM2HasLeft) {
  SourceRig source;
  source.reach(State::Greeting);
  source.answer(200, {}, {{"Server", "MSFT-WDD"}});
  EXPECT_EQ(all<SinkGreeted>(source.events)[0].wfdcast, std::nullopt);
  EXPECT_EQ(all<SinkGreeted>(source.events)[0].agent, "MSFT-WDD");
  EXPECT_TRUE(source.requests().empty());
  EXPECT_FALSE(source.session.wants_written());
  source.ask(Method::Options, "*");
  EXPECT_TRUE(source.session.wants_written());
  EXPECT_TRUE(source.requests().empty());
  source.advance(1s);  // it has still not left
  EXPECT_TRUE(source.requests().empty());
  source.call(&SourceSession::written);
  EXPECT_FALSE(source.session.wants_written());
  EXPECT_EQ(source.session.next_deadline(), source.now + kM3Distance);
  source.advance(kM3Distance - 1ns);
  EXPECT_TRUE(source.requests().empty());
  source.advance(1ns);
  ASSERT_EQ(source.requests().size(), 1u);
  EXPECT_EQ(source.requests()[0].body,
            "wfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\nwfd_content_protection\r\n"
            "wfd_display_edid\r\nwfd_connector_type\r\nwfd_standby_resume_capability\r\n"
            "wfd_idr_request_capability\r\nintel_friendly_name\r\n");
}

TEST(SourceSession, AsksWithoutM2After500Milliseconds) {
  SourceRig source;
  source.reach(State::Greeting);
  source.answer();
  EXPECT_EQ(source.session.next_deadline(), source.now + kM2Patience);
  source.advance(kM2Patience);
  EXPECT_EQ(source.requests().size(), 1u);
  EXPECT_EQ(source.session.state(), State::Querying);
}

TEST(SourceSession, M2BeforeTheAnswerToM1CountsToo) {
  SourceRig source;
  source.reach(State::Greeting);
  source.ask(Method::Options, "*");
  source.call(&SourceSession::written);
  source.answer();
  EXPECT_TRUE(source.requests().empty());
  source.advance(kM3Distance);
  EXPECT_EQ(source.requests().size(), 1u);
}

TEST(SourceSession, M1AnswerAndM2InOneSegmentDoNotGlueM3) {
  SourceRig source;
  source.reach(State::Greeting);
  source.hear("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  EXPECT_EQ(source.code(), 200u);
  EXPECT_TRUE(source.requests().empty());
  EXPECT_TRUE(source.session.wants_written());
}

TEST(SourceSession, GivesUpWhenTheAnswerToM2NeverLeaves) {
  SourceRig source;
  source.reach(State::Greeting);
  source.answer();
  source.ask(Method::Options, "*");
  source.advance(4s);
  source.ask(Method::Options, "*");  // does not prolong it
  source.advance(1s);
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
}

TEST(SourceSession, AdmitsWhoMayConnect) {
  struct Case {
    Admission admission;
    std::optional<std::string> header;
    bool admitted;
  };
  const std::string without_token = "id=" + to_string(kSinkId);
  const std::string wrong_token = without_token + ";token=" + std::string(32, '0');
  for (const Case& c :
       {Case{{{kToken}, false, false}, wfdcast_header(), true},
        Case{{{kToken}, false, false}, wrong_token, false},
        Case{{{kToken}, false, false}, without_token, false},
        Case{{{kToken}, false, false}, std::nullopt, false}, Case{{{kToken}, false, false}, "rubbish", false},
        Case{{{}, false, false}, wfdcast_header(), false}, Case{{{}, true, false}, std::nullopt, true},
        Case{{{}, true, false}, wrong_token, false}, Case{{{}, false, true}, std::nullopt, true},
        Case{{{}, false, true}, wrong_token, true}}) {
    SourceOptions options = source_options();
    options.admission = c.admission;
    SourceRig source(options);
    source.reach(State::Greeting);
    Headers headers;
    if (c.header) headers.push_back({"Wfdcast", *c.header});
    source.answer(200, {}, headers);
    EXPECT_EQ(source.has<SinkGreeted>(), c.admitted) << c.header.value_or("no header");
    if (!c.admitted) {
      EXPECT_TRUE(source.ended(EndReason::NotInvited));
    }
  }
}

TEST(SourceSession, M3AnswerDescribesTheSink) {
  SourceRig source;
  source.reach(State::Querying);
  source.answer(200, kM3Answer);
  ASSERT_TRUE(source.has<SinkDescribed>());
  EXPECT_EQ(source.session.sink().rtp_port, 19000);
  EXPECT_EQ(source.session.state(), State::Choosing);
  EXPECT_EQ(source.session.next_deadline(), std::nullopt);
}

TEST(SourceSession, SelectSendsM4AndItsAnswerM5) {
  SourceRig source;
  source.reach(State::Fixing);
  ASSERT_EQ(source.requests().size(), 1u);
  EXPECT_EQ(source.requests()[0].body, SinkRig::m4_body());
  EXPECT_EQ(source.requests()[0].uri, kControl);
  source.answer();
  ASSERT_EQ(source.requests().size(), 1u);
  EXPECT_EQ(source.requests()[0].body, "wfd_trigger_method: SETUP\r\n");
  EXPECT_EQ(source.session.state(), State::SettingUp);
}

TEST(SourceSession, TriesOnceMoreAfter303ThenTearsDown) {
  SourceRig source;
  source.reach(State::Fixing);
  source.decline("wfd_video_formats: 415\r\n");
  ASSERT_EQ(source.requests().size(), 1u);
  EXPECT_NE(source.requests()[0].body.find("wfd_video_formats: 00 00 01 01 00000001 "), std::string::npos);
  EXPECT_NE(source.requests()[0].body.find("wfd_audio_codecs: AAC 00000001 00"), std::string::npos);
  EXPECT_EQ(source.session.state(), State::Fixing);
  source.answer(303, "wfd_video_formats: 415\r\n");
  ASSERT_EQ(source.requests().size(), 1u);
  EXPECT_EQ(source.requests()[0].body, "wfd_trigger_method: TEARDOWN\r\n");
  source.answer();
  source.ask(Method::Teardown, kUrl);
  ASSERT_TRUE(source.ended(EndReason::Refused));
  EXPECT_EQ(all<SessionEnded>(source.events)[0].detail, "the sink answered 303 to M4: wfd_video_formats");
}

TEST(SourceSession, TriesOnlyOnceMoreHoweverTheRefusalsDiffer) {
  SourceRig source;
  source.reach(State::Fixing);
  source.decline("wfd_audio_codecs: 415\r\n");
  EXPECT_NE(source.requests().at(0).body.find("LPCM 00000002 00"), std::string::npos);
  source.answer(303, "wfd_video_formats: 415\r\n");
  EXPECT_EQ(source.session.state(), State::Ending);
}

TEST(SourceSession, TheConservativeChoiceIsToldToTheOwner) {
  SourceRig source;
  source.reach(State::Fixing);
  source.answer(303, "");  // names nothing: everything changes
  ASSERT_TRUE(source.has<FormatDeclined>());
  EXPECT_EQ(all<FormatDeclined>(source.events)[0].next, (StreamFormat{VideoFormat{}, AudioFormat::Lpcm}));
  EXPECT_EQ(source.session.state(), State::Choosing);
  EXPECT_TRUE(source.said.empty());
  source.call(&SourceSession::refuse, std::string("the encoder makes nothing else"));
  EXPECT_EQ(source.session.state(), State::Ending);
}

TEST(SourceSession, RefuseAndEndSendTheTrigger) {
  SourceRig source;
  source.reach(State::Choosing);
  source.call(&SourceSession::refuse, std::string("no mode in common"));
  EXPECT_EQ(source.requests().at(0).body, "wfd_trigger_method: TEARDOWN\r\n");
  EXPECT_EQ(source.session.state(), State::Ending);
  source.advance(kTeardownTimeout);
  EXPECT_TRUE(source.ended(EndReason::Refused));
  EXPECT_EQ(all<SessionEnded>(source.events)[0].detail, "no mode in common");
}

TEST(SourceSession, SetupAndPlayAreAnsweredAtOnce) {
  SourceRig source;
  source.reach(State::SettingUp);
  source.setup();
  EXPECT_EQ(source.said_bytes, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: " + kKey +
                                   ";timeout=30\r\nTransport: RTP/AVP/UDP;unicast;client_port=19000-19001;"
                                   "server_port=15550-15551\r\n\r\n");
  EXPECT_EQ(all<StreamSetUp>(source.events).at(0).client, (PortPair{19000, 19001}));
  EXPECT_EQ(source.session.state(), State::Ready);
  source.play();
  EXPECT_EQ(source.said_bytes,
            "RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: " + kKey + ";timeout=30\r\nRange: npt=now-\r\n\r\n");
  EXPECT_TRUE(source.has<PlayRequested>());
  EXPECT_EQ(source.session.state(), State::Playing);
}

TEST(SourceSession, SetupMayOvertakeTheAnswerToM5) {
  SourceRig source;
  source.reach(State::SettingUp);
  const std::uint32_t m5 = source.last_request;
  source.setup();
  source.play();
  source.answer_to(m5);
  source.advance(kReplyTimeout);
  EXPECT_EQ(source.session.state(), State::Playing);
}

TEST(SourceSession, PauseAndPlayFollowTheSink) {
  SourceRig source;
  source.reach(State::Paused);
  EXPECT_TRUE(source.has<PauseRequested>());
  source.play();
  EXPECT_TRUE(source.has<PlayRequested>());
  EXPECT_EQ(source.session.state(), State::Playing);
}

TEST(SourceSession, PlayAndPauseSendTriggers) {
  SourceRig source;
  source.reach(State::Playing);
  source.call(&SourceSession::play);
  EXPECT_EQ(source.said_bytes, "");
  source.call(&SourceSession::pause);
  EXPECT_EQ(source.requests().at(0).body, "wfd_trigger_method: PAUSE\r\n");
  source.call(&SourceSession::pause);
  EXPECT_EQ(source.said_bytes, "");  // one is under way
  source.call(&SourceSession::play);
  EXPECT_EQ(source.requests().at(0).body, "wfd_trigger_method: PLAY\r\n");
}

TEST(SourceSession, UnansweredTriggersDoNotEndTheSession) {
  SourceRig source;
  source.reach(State::Playing);
  source.call(&SourceSession::pause);
  source.advance(kReplyTimeout);
  EXPECT_EQ(source.session.state(), State::Playing);
  source.call(&SourceSession::pause);
  EXPECT_EQ(source.requests().size(), 1u);  // and may be sent again
}

TEST(SourceSession, IdrRequestWithNothingToRefreshIsAnswered) {
  for (const State state : {State::Choosing, State::Ready, State::Paused, State::Ending}) {
    SourceRig source;
    source.reach(state);
    source.ask(Method::SetParameter, kControl, {}, "wfd_idr_request\r\n");
    EXPECT_EQ(source.code(), 200u) << to_string(state);
    EXPECT_FALSE(source.has<IdrRequested>());
  }
}

TEST(SourceSession, UnknownParametersAreAnswered) {
  SourceRig source;
  source.reach(State::Playing);
  source.ask(Method::SetParameter, kControl, {{"Session", kKey}}, "intel_enable_widi_rtcp: 53153\r\n");
  EXPECT_EQ(source.code(), 200u);
  source.ask(Method::GetParameter, kControl, {{"Session", kKey}}, "wfd_video_formats\r\nfoo\r\n");
  EXPECT_EQ(source.responses().at(0).body, "wfd_video_formats: none\r\nfoo: none\r\n");
  EXPECT_TRUE(source.events.empty());
}

TEST(SourceSession, AnswersToNothingEndTheSession) {
  SourceRig source;
  source.reach(State::Playing);
  source.answer_to(99);
  EXPECT_TRUE(source.ended(EndReason::BadMessage));
}

TEST(SourceSession, LateAndRepeatedAnswersAreIgnored) {
  SourceRig source;
  source.reach(State::Playing);
  source.answer_to(1);
  source.answer_to(2, 404);
  EXPECT_EQ(source.session.state(), State::Playing);
}

TEST(SourceSession, EndedIsSilent) {
  SourceRig source;
  source.reach(State::Ended);
  source.hear("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  EXPECT_TRUE(source.said_bytes.empty() && source.events.empty());
  for (const auto call : {&SourceSession::end, &SourceSession::tick, &SourceSession::play,
                          &SourceSession::start, &SourceSession::connection_lost, &SourceSession::written}) {
    source.call(call);
    EXPECT_TRUE(source.said_bytes.empty() && source.events.empty());
  }
}

TEST(SourceSession, ConnectionLostInEveryState) {
  for (const State state : {State::Greeting, State::Querying, State::Choosing, State::Fixing,
                            State::SettingUp, State::Ready, State::Playing, State::Paused}) {
    SourceRig source;
    source.reach(state);
    source.call(&SourceSession::connection_lost);
    EXPECT_TRUE(source.ended(EndReason::ConnectionLost)) << to_string(state);
    EXPECT_EQ(all<SessionEnded>(source.events)[0].detail, std::string("while ") + to_string(state));
  }
}

// Timers.

TEST(SourceSession, UnansweredRequestsEndIt) {
  for (const auto& [state, name] : {std::pair{State::Greeting, "M1"},
                                    {State::Querying, "M3"},
                                    {State::Fixing, "M4"},
                                    {State::SettingUp, "M5 SETUP"}}) {
    SourceRig source;
    source.reach(state);
    EXPECT_EQ(source.session.next_deadline(), source.now + kReplyTimeout) << name;
    source.advance(kReplyTimeout - 1ns);
    EXPECT_EQ(source.session.state(), state);
    source.advance(1ns);
    ASSERT_TRUE(source.ended(EndReason::NoAnswer)) << name;
    EXPECT_EQ(all<SessionEnded>(source.events)[0].detail,
              std::string("no answer to ") + name + " within 5 s");
  }
}

TEST(SourceSession, WaitsForSetupAndPlay) {
  SourceRig setting_up;
  setting_up.reach(State::SettingUp);
  setting_up.answer();
  setting_up.advance(kNextRequest - 1ns);
  EXPECT_EQ(setting_up.session.state(), State::SettingUp);
  setting_up.advance(1ns);
  EXPECT_TRUE(setting_up.ended(EndReason::NoAnswer));
  SourceRig ready;
  ready.reach(State::Ready);
  ready.advance(kNextRequest - 1ns);
  EXPECT_EQ(ready.session.state(), State::Ready);
  ready.advance(1ns);
  EXPECT_TRUE(ready.ended(EndReason::NoAnswer));
}

TEST(SourceSession, KeepsAliveWhileEstablishedAndEndsInSilence) {
  for (const State state : {State::Playing, State::Paused}) {
    SourceRig source;
    source.reach(state);
    const Time heard = source.now;
    for (int i = 1; i <= 2; ++i) {
      source.tick_at(*source.session.next_deadline());
      EXPECT_EQ(source.requests().at(0).method, Method::GetParameter);
      EXPECT_EQ(source.now, heard + i * 10s);
    }
    source.advance(10s);
    EXPECT_TRUE(source.ended(EndReason::NoAnswer)) << to_string(state);
    EXPECT_EQ(source.now, heard + 30s);
  }
}

// The five reactions to the TEARDOWN trigger that were seen (by description).

TEST(SourceSession, TeardownAnsweredByTeardownLikeWds) {
  SourceRig source;
  source.reach(State::Ending);
  source.answer();
  EXPECT_EQ(source.session.state(), State::Ending);
  source.teardown();
  EXPECT_EQ(source.code(), 200u);
  EXPECT_TRUE(source.ended(EndReason::Requested));
}

TEST(SourceSession, TeardownIgnoredLikeMiraclecast) {
  SourceRig source;
  source.reach(State::Ending);
  EXPECT_EQ(source.session.next_deadline(), source.now + kTeardownTimeout);
  source.session.heard(source.now + 1s);  // RTCP goes on
  source.advance(1s);
  source.ask(Method::GetParameter, kControl);
  EXPECT_EQ(source.session.state(), State::Ending);
  source.advance(1s);
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
}

TEST(SourceSession, TeardownAnsweredThenClosedLikeCastd) {
  SourceRig source;
  source.reach(State::Ending);
  source.answer();
  source.call(&SourceSession::connection_lost);
  EXPECT_TRUE(source.ended(EndReason::Requested));
}

TEST(SourceSession, TeardownClosedWithoutAnswerLikeLazycast) {
  SourceRig source;
  source.reach(State::Ending);
  source.call(&SourceSession::connection_lost);
  EXPECT_TRUE(source.ended(EndReason::Requested));
}

TEST(SourceSession, TeardownToAnotherUriWithoutSessionLikePicast) {
  SourceRig source;
  source.reach(State::Ending);
  source.answer();
  source.hear("TEARDOWN rtsp://10.0.0.1/somewhere RTSP/1.0\r\nCSeq: 3\r\n\r\n");  // a CSeq used before
  EXPECT_EQ(source.code(), 200u);
  EXPECT_TRUE(source.ended(EndReason::Requested));
}

TEST(SourceSession, EndIsOverWithinTwoSecondsFromEveryState) {
  for (const State state : {State::Idle, State::Greeting, State::Querying, State::Choosing, State::Fixing,
                            State::SettingUp, State::Ready, State::Playing, State::Paused}) {
    SourceRig source;
    source.reach(state);
    source.call(&SourceSession::end);
    if (source.session.state() != State::Ended) source.advance(kTeardownTimeout);
    EXPECT_EQ(source.session.state(), State::Ended) << to_string(state);
  }
}

// Status codes.

TEST(SourceSession, StatusCodes) {
  SourceRig source;
  source.reach(State::SettingUp);
  source.ask(Method::Setup, kUrl);
  EXPECT_EQ(source.code(), 400u) << "no Transport";
  source.setup("RTP/AVP/UDP;unicast;client_port=19000", "rtsp://192.168.49.1/wfd1.0/streamid=1");
  EXPECT_EQ(source.code(), 404u);
  for (const char* transport :
       {"RTP/AVP/TCP;interleaved=0-1", "RTP/AVP/UDP;unicast;client_port=0",
        "RTP/AVP/UDP;unicast;client_port=99999", "RTP/AVP/UDP;unicast;client_port=1;ttl=-5",
        "RTP/AVP/UDP;multicast;destination=239.0.0.1;port=5000"}) {
    source.setup(transport);
    EXPECT_EQ(source.code(), 461u) << transport;
  }
  source.play();
  EXPECT_EQ(source.code(), 454u) << "no session yet";
  source.ask(Method::Play, kUrl);
  EXPECT_EQ(source.code(), 455u);
  source.ask(Method::Pause, kUrl);
  EXPECT_EQ(source.code(), 406u);
  source.setup();
  EXPECT_EQ(source.code(), 200u);
  source.setup();
  EXPECT_EQ(source.code(), 400u) << "second SETUP";
  source.pause();
  EXPECT_EQ(source.code(), 406u);
  source.play();
  source.play();
  EXPECT_EQ(source.code(), 455u) << "already playing";
  source.ask(Method::Play, "rtsp://192.168.49.1/other");
  EXPECT_EQ(source.code(), 404u);
  source.ask(Method::Describe, kUrl);
  EXPECT_EQ(source.code(), 405u);
  EXPECT_EQ(find(source.responses()[0].headers, "Allow"),
            "OPTIONS, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER");
  source.hear("FLY * RTSP/1.0\r\nCSeq: 50\r\n\r\n");
  EXPECT_EQ(source.code(), 501u);
  source.hear("OPTIONS * RTSP/2.0\r\nCSeq: 51\r\n\r\n");
  EXPECT_EQ(source.code(), 505u);
  source.ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0, com.example.tunnel"}});
  EXPECT_EQ(source.code(), 551u);
  EXPECT_EQ(find(source.responses()[0].headers, "Unsupported"), "com.example.tunnel");
  EXPECT_EQ(source.session.state(), State::Playing);
  source.hear("OPTIONS * RTSP/1.0\r\n\r\n");
  EXPECT_EQ(source.said_bytes, "RTSP/1.0 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(source.ended(EndReason::BadMessage));
}

TEST(SourceSession, SetupInAWrongStateIs455) {
  for (const State state : {State::Greeting, State::Querying, State::Choosing, State::Fixing}) {
    SourceRig source;
    source.reach(state);
    source.setup();
    EXPECT_EQ(source.code(), 455u) << to_string(state);
    EXPECT_EQ(source.session.state(), state);
  }
}

TEST(SourceSession, ASessionOfAnotherConnectionIs454) {
  for (const Method method : {Method::Setup, Method::Play, Method::Pause, Method::Teardown,
                              Method::GetParameter, Method::SetParameter}) {
    SourceRig source;
    source.reach(State::Playing);
    source.ask(method, kUrl, {{"Session", "0000000000"}},
               method == Method::SetParameter ? "wfd_idr_request\r\n" : "");
    EXPECT_EQ(source.code(), 454u) << to_string(method);
    EXPECT_EQ(source.session.state(), State::Playing);
    EXPECT_TRUE(source.events.empty());
  }
}

TEST(SourceSession, AcceptsTheFormsOfThePresentationUrl) {
  for (const char* uri : {"rtsp://localhost/wfd1.0", "rtsp://localhost/wfd1.0/streamid=0",
                          "rtsp://192.168.49.1/wfd1.0/streamid=0/",
                          "rtsp://192.168.49.1:7236/wfd1.0/streamid=0", "RTSP://192.168.49.1/wfd1.0/"}) {
    SourceRig source;
    source.reach(State::SettingUp);
    source.setup("RTP/AVP/UDP;unicast;client_port=19000", uri);
    EXPECT_EQ(source.code(), 200u) << uri;
  }
  for (const char* uri : {"*", "rtsp://", "rtsp://localhost", "rtsp:///", "http://localhost/wfd1.0",
                          "rtsp://a/wfd1.0/streamid=00"}) {
    SourceRig source;
    source.reach(State::SettingUp);
    source.setup("RTP/AVP/UDP;unicast;client_port=19000", uri);
    EXPECT_EQ(source.code(), 404u) << uri;
  }
}

// Moving a wfdcast sink.

TEST(SourceSession, MovesAWfdcastSinkAndHearsItsReport) {
  Pair pair;
  pair.connect();
  pair.said_by_source.clear();
  pair.take(pair.source.move(multicast(), pair.now));
  EXPECT_NE(pair.said_by_source.find(
                "wfdcast_transport: RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;"
                "ttl=2;server_port=42152-42153;source=192.168.49.1;ssrc=614f4928\r\n"),
            std::string::npos);
  pair.settle();
  ASSERT_EQ(all<MoveRequested>(pair.sink_events).size(), 1u);
  EXPECT_EQ(all<MoveRequested>(pair.sink_events)[0].transport, multicast());
  pair.take(pair.sink.report(Delivery::Multicast, "lag=3ms lost=0 of=500", pair.now));
  pair.settle();
  ASSERT_EQ(all<DeliveryReported>(pair.source_events).size(), 1u);
  EXPECT_EQ(all<DeliveryReported>(pair.source_events)[0].delivery, Delivery::Multicast);
  EXPECT_EQ(all<DeliveryReported>(pair.source_events)[0].detail, "lag=3ms lost=0 of=500");
}

TEST(SourceSession, MovesOneAfterTheOther) {
  Pair pair;
  pair.connect();
  pair.take(pair.source.move(multicast(), pair.now));
  pair.take(pair.source.move(multicast(), pair.now));
  pair.take(pair.source.move(unicast(), pair.now));
  pair.settle();
  const auto moves = all<MoveRequested>(pair.sink_events);
  ASSERT_EQ(moves.size(), 2u);  // the second was overtaken
  EXPECT_EQ(moves[1].transport.delivery, Delivery::Unicast);
  EXPECT_EQ(moves[1].transport.client, (PortPair{19000, 19001}));
}

TEST(SourceSession, ARefusedMoveIsReported) {
  SinkOptions options = sink_options();
  options.capabilities.multicast = false;
  Pair pair(source_options(), options);
  pair.connect();
  pair.take(pair.source.move(multicast(), pair.now));
  pair.settle();
  ASSERT_EQ(all<DeliveryReported>(pair.source_events).size(), 1u);
  EXPECT_EQ(all<DeliveryReported>(pair.source_events)[0].delivery, Delivery::Unicast);
  EXPECT_EQ(all<DeliveryReported>(pair.source_events)[0].detail,
            "the sink answered 303 to wfdcast_transport");
  EXPECT_EQ(pair.source.state(), State::Playing);
}

TEST(SourceSession, NeverMovesAStandardSinkNorBelievesItsReport) {
  SourceRig source;
  source.reach(State::Playing);
  source.call(&SourceSession::move, multicast());
  EXPECT_EQ(source.said_bytes, "");
  source.ask(Method::SetParameter, kControl, {{"Session", kKey}}, "wfdcast_delivery: multicast x\r\n");
  EXPECT_EQ(source.code(), 200u);
  EXPECT_TRUE(source.events.empty());
}

}  // namespace
}  // namespace wfdcast::rtsp::test
