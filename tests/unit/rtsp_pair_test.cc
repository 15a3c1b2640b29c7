#include "rtsp_pair.h"

namespace wfdcast::rtsp::test {
namespace {

TEST(Pair, ReachesPlaying) {
  Pair pair;
  pair.connect();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Playing);
  EXPECT_EQ(pair.sink.state(), SinkSession::State::Playing);
  ASSERT_EQ(all<SinkGreeted>(pair.source_events).size(), 1u);
  EXPECT_EQ(all<SinkGreeted>(pair.source_events)[0].wfdcast, kSinkId);
  EXPECT_EQ(all<SinkGreeted>(pair.source_events)[0].agent, "wfdcast");
  ASSERT_EQ(all<SinkDescribed>(pair.source_events).size(), 1u);
  EXPECT_TRUE(pair.source.sink().multicast);
  EXPECT_EQ(all<StreamSetUp>(pair.source_events)[0].client, (PortPair{19000, 19001}));
  EXPECT_EQ(all<PlayRequested>(pair.source_events).size(), 1u);
  ASSERT_EQ(all<StreamChosen>(pair.sink_events).size(), 1u);
  EXPECT_EQ(all<StreamChosen>(pair.sink_events)[0].format, format_720p30());
  Transport expected = unicast();
  expected.client = {19000, 19001};
  EXPECT_EQ(all<StreamReady>(pair.sink_events)[0].transport, expected);
  EXPECT_EQ(all<StreamPlaying>(pair.sink_events).size(), 1u);
}

TEST(Pair, ReachesPlayingByteByByte) {
  Pair pair;
  pair.piece = 1;
  pair.connect();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Playing);
  EXPECT_EQ(pair.sink.state(), SinkSession::State::Playing);
}

TEST(Pair, StandardSinkReachesPlaying) {
  SinkOptions options = sink_options();
  options.header.reset();
  Pair pair(source_options(), options);
  pair.connect();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Playing);
  EXPECT_EQ(pair.sink.state(), SinkSession::State::Playing);
  EXPECT_EQ(pair.said_by_source.find("wfdcast"), std::string::npos);
  EXPECT_EQ(pair.said_by_sink.find("Wfdcast"), std::string::npos);
}

TEST(Pair, StartsOnTheGroup) {
  Pair pair;
  pair.transport = multicast();
  pair.connect();
  ASSERT_EQ(pair.sink.state(), SinkSession::State::Playing);
  EXPECT_EQ(all<StreamReady>(pair.sink_events)[0].transport, multicast());
}

TEST(Pair, EndsWithinOneExchange) {
  Pair pair;
  pair.connect();
  pair.take(pair.source.end(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Ended);
  EXPECT_EQ(pair.sink.state(), SinkSession::State::Ended);
  EXPECT_EQ(all<SessionEnded>(pair.source_events)[0].reason, EndReason::Requested);
  EXPECT_EQ(all<SessionEnded>(pair.sink_events)[0].reason, EndReason::PeerTeardown);
}

TEST(Pair, PausesAndResumesFromBothEnds) {
  Pair pair;
  pair.connect();
  pair.take(pair.source.pause(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Paused);
  EXPECT_EQ(pair.sink.state(), SinkSession::State::Paused);
  pair.take(pair.sink.play(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Playing);
  pair.take(pair.sink.pause(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Paused);
  pair.take(pair.source.play(pair.now));
  pair.settle();
  EXPECT_EQ(pair.source.state(), SourceSession::State::Playing);
  EXPECT_EQ(pair.sink.state(), SinkSession::State::Playing);
}

}  // namespace
}  // namespace wfdcast::rtsp::test
