// The exchanges of the reference, message by message as they stand there
// (tests/data/rtsp), played to our side.
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "rtsp/value.h"
#include "rtsp_rig.h"
#include "tests/unit/test_data.h"

namespace wfdcast::rtsp::test {
namespace {

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(kTestData) + "/rtsp/" + name + ".txt", std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The peer's answer, with the CSeq of our request.
std::string answer_of(const std::string& name, std::uint32_t cseq) {
  auto message = messages_in(recorded(name)).at(0);
  auto& response = std::get<Response>(message);
  response.cseq = cseq;
  return serialize(response);
}

template <class Rig>
void expect_answer(Rig& rig, const std::string& name, unsigned code, typename Rig::State then) {
  rig.hear(recorded(name));
  EXPECT_EQ(rig.code(), code) << name;
  EXPECT_EQ(rig.session.state(), then) << name;
}

// Their parameters are read, and written as they stand there.
TEST(Replay, EveryValueOfTheReferenceSurvivesARoundTrip) {
  std::size_t values = 0;
  for (const char* name :
       {"m03_answer", "m04_choice", "m04_format_change", "m05_setup_trigger", "m08_teardown", "m10_route",
        "m11_connector", "m12_standby", "m13_idr", "m14_uibc_capability", "m15_uibc_setting"}) {
    const Message message = messages_in(recorded(name)).at(0);
    const std::string body = std::visit([](const auto& one) { return one.body; }, message);
    const auto parameters = parse_parameters(body);
    ASSERT_TRUE(parameters) << name;
    for (const Parameter& parameter : *parameters) {
      const auto strict = canonical(parameter.name, parameter.value);
      ASSERT_TRUE(strict) << parameter.text;
      EXPECT_TRUE(iequals(*strict, parameter.value)) << parameter.text << ": " << *strict;
      ++values;
    }
  }
  EXPECT_EQ(values, 25u);
}

TEST(Replay, TheSourceAgainstTheSinkOfTheReference) {
  using State = SourceSession::State;
  SourceOptions options = source_options();
  options.session_key = "7A31C04B";
  SourceRig source(options);
  source.call(&SourceSession::start);
  source.hear(recorded("m01_answer"));
  expect_answer(source, "m02_options", 200, State::Greeting);
  source.call(&SourceSession::written);
  source.advance(kM3Distance);
  source.hear(answer_of("m03_answer", source.last_request));
  ASSERT_TRUE(source.has<SinkDescribed>());
  const SinkCapabilities& sink = source.session.sink();
  EXPECT_EQ(sink.video.size(), 2u);
  EXPECT_EQ(sink.native, 0x40);
  EXPECT_EQ(sink.connector, "05");
  EXPECT_TRUE(sink.idr_requests);
  source.call(&SourceSession::select, format_720p30(), unicast());
  source.hear(answer_of("m04_refusal", source.last_request));
  ASSERT_TRUE(source.has<FormatDeclined>());
  source.call(&SourceSession::select, all<FormatDeclined>(source.events)[0].next, unicast());
  EXPECT_EQ(source.requests().size(), 1u);
  source.hear(answer_of("m04_answer", source.last_request));
  source.hear(answer_of("m04_answer", source.last_request));  // to M5 SETUP
  expect_answer(source, "m06_setup", 200, State::Ready);
  EXPECT_EQ(all<StreamSetUp>(source.events).at(0).client, (PortPair{19000, 19001}));
  expect_answer(source, "m07_play", 200, State::Playing);
  expect_answer(source, "m10_route", 200, State::Playing);
  expect_answer(source, "m11_connector", 200, State::Playing);
  expect_answer(source, "m13_idr", 200, State::Playing);
  EXPECT_TRUE(source.has<IdrRequested>());
  source.advance(10s);
  source.hear(answer_of("m16_answer", source.last_request));
  expect_answer(source, "m09_pause", 200, State::Paused);
  expect_answer(source, "m07_play", 200, State::Playing);
  expect_answer(source, "m12_standby", 200, State::Standby);
  expect_answer(source, "m07_play", 200, State::Playing);
  source.hear(recorded("m08_teardown"));
  EXPECT_EQ(source.code(), 200u);
  ASSERT_TRUE(source.ended(EndReason::PeerTeardown));
  EXPECT_EQ(all<SessionEnded>(source.events)[0].detail, "C00D4278 no media received");
}

TEST(Replay, TheSinkAgainstTheSourceOfTheReference) {
  using State = SinkSession::State;
  SinkOptions options = sink_options();
  options.header.reset();
  SinkRig sink(options);
  sink.call(&SinkSession::start);
  expect_answer(sink, "m01_options", 200, State::Describing);
  sink.hear(answer_of("m02_answer", sink.last_request));
  expect_answer(sink, "m03_questions", 200, State::Describing);
  const std::string described = sink.responses().at(0).body;
  EXPECT_NE(described.find("wfd_uibc_capability: none\r\n"), std::string::npos);
  EXPECT_NE(described.find("wfd_content_protection: none\r\n"), std::string::npos);
  expect_answer(sink, "m04_choice", 200, State::AwaitingTrigger);
  ASSERT_TRUE(sink.has<StreamChosen>());
  EXPECT_EQ(to_string(all<StreamChosen>(sink.events)[0].format),
            "1920x1080p60 H.264 constrained-high 4.2, AAC");
  expect_answer(sink, "m05_setup_trigger", 200, State::SettingUp);
  EXPECT_EQ(sink.requests().at(0).uri, "rtsp://192.168.49.1/wfd1.0/streamid=0");
  sink.hear(answer_of("m06_answer", sink.last_request));
  EXPECT_EQ(all<StreamReady>(sink.events).at(0).transport.server, (PortPair{15550, 15551}));
  sink.hear(answer_of("m07_answer", sink.last_request));
  ASSERT_EQ(sink.session.state(), State::Playing);
  expect_answer(sink, "m16_keepalive", 200, State::Playing);
  expect_answer(sink, "m04_format_change", 200, State::Playing);
  EXPECT_EQ(all<StreamChosen>(sink.events).at(0).timing, (FormatChangeTiming{6000, 6000}));
  expect_answer(sink, "m14_uibc_capability", 200, State::Playing);  // nothing of it is enabled
  expect_answer(sink, "m15_uibc_setting", 303, State::Playing);
  expect_answer(sink, "m10_route", 200, State::Playing);
  expect_answer(sink, "m11_connector", 200, State::Playing);
  expect_answer(sink, "m12_standby", 200, State::Standby);
}

// The five ways in which sinks were seen to answer the TEARDOWN trigger: each is over within 2 s.
TEST(Replay, EveryReactionToTheTeardownTriggerEndsInTime) {
  const auto ending = [] {
    SourceRig source;
    source.reach(SourceSession::State::Playing);
    source.call(&SourceSession::end);
    return source;
  };
  SourceRig request = ending();  // wds
  request.answer();
  request.teardown();
  EXPECT_TRUE(request.ended(EndReason::Requested));
  SourceRig nothing = ending();  // miraclecast
  nothing.advance(kTeardownTimeout);
  EXPECT_TRUE(nothing.ended(EndReason::NoAnswer));
  SourceRig closes = ending();  // castd
  closes.answer();
  closes.call(&SourceSession::connection_lost);
  EXPECT_TRUE(closes.ended(EndReason::Requested));
  SourceRig silent = ending();  // lazycast
  silent.call(&SourceSession::connection_lost);
  EXPECT_TRUE(silent.ended(EndReason::Requested));
  SourceRig stray = ending();  // picast: another URI, no Session, a stale CSeq
  stray.peer_cseq = 2;
  stray.ask(Method::Teardown, "rtsp://localhost/wfd1.0");
  EXPECT_EQ(stray.code(), 200u);
  EXPECT_TRUE(stray.ended(EndReason::Requested));
}

}  // namespace
}  // namespace wfdcast::rtsp::test
