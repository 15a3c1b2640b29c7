// What bad input gets, at the level of a session: closed or answered, little
// held, little time.
#include <ctime>

#include "base/random.h"

#include "rtsp_rig.h"

namespace wfdcast::rtsp::test {
namespace {

using State = SourceSession::State;

// Of this process alone, so that other programs do not matter.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
// 5 ms is the limit; sanitizers make everything some ten times slower.
constexpr double kMostCpu = 0.050;

// Gives `bytes` as a connection would, 16 KiB at a time.
void pour(SourceRig& source, std::string_view bytes) {
  while (!bytes.empty() && source.session.state() != State::Ended) {
    source.hear(bytes.substr(0, 16 * 1024));
    bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 16 * 1024));
  }
}

void expect_closed(const std::string& bytes) {
  SourceRig source;
  source.reach(State::Greeting);
  const double before = cpu_seconds();
  pour(source, bytes);
  EXPECT_LT(cpu_seconds() - before, kMostCpu) << bytes.substr(0, 80);
  EXPECT_TRUE(source.ended(EndReason::BadMessage)) << bytes.substr(0, 80);
  EXPECT_EQ(source.said_bytes, kBare400);
}

TEST(BadInput, ALineOf16MiBIsClosedAfter8KiB) {
  expect_closed(std::string(16 << 20, 'A'));
  expect_closed("OPTIONS * RTSP/1.0\r\nX: " + std::string(16 << 20, 'A'));
  SourceRig source;
  source.reach(State::Greeting);
  source.hear(std::string(MessageReader::kMaxHead - 1, 'A'));
  EXPECT_EQ(source.session.state(), State::Greeting);
  source.hear("A");
  EXPECT_TRUE(source.ended(EndReason::BadMessage));
}

TEST(BadInput, AllOf16MiBInOneCall) {
  SourceRig source;
  source.reach(State::Greeting);
  const std::string garbage(16 << 20, 'A');
  const double before = cpu_seconds();
  source.hear(garbage);
  EXPECT_LT(cpu_seconds() - before, kMostCpu);
  EXPECT_TRUE(source.ended(EndReason::BadMessage));
}

TEST(BadInput, OneByteAtATimeIsNoSlower) {
  SourceRig source;
  source.reach(State::Greeting);
  const double before = cpu_seconds();
  std::size_t heard = 0;
  while (source.session.state() != State::Ended) {
    (void)source.session.receive("A", kStart);
    ++heard;
  }
  EXPECT_LT(cpu_seconds() - before, kMostCpu);
  EXPECT_EQ(heard, MessageReader::kMaxHead);
}

TEST(BadInput, AHundredThousandHeadersAreClosed) {
  std::string request = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n";
  for (int i = 0; i < 100'000; ++i)
    request += "X-" + std::to_string(i) + ": " + std::string(70, 'x') + "\r\n";
  expect_closed(request);
}

TEST(BadInput, ContentLengthsThatLieAreClosedAtOnce) {
  for (const char* length :
       {"1000000000", "18446744073709551615", "18446744073709551616", "-1", "abc", "99999"}) {
    expect_closed(std::string("GET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: ") + length +
                  "\r\n\r\n");
  }
  expect_closed("GET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
}

TEST(BadInput, NulBytesAndFormatsAreClosed) {
  using namespace std::string_literals;
  expect_closed("OPTIONS * RTSP/1.0\r\nCSeq: 1\0\r\n\r\n"s);
  expect_closed("OPTIONS * RTSP/1.0\r\nCSeq: x%n%s\r\n\r\n");
  expect_closed("OPTIONS \0\0\0 RTSP/1.0\r\n\r\n"s);
}

TEST(BadInput, ThousandPipelinedRequestsAreAnsweredOrClosedWithBoundedOutput) {
  SourceRig source;
  source.reach(State::Greeting);
  std::string pipeline;
  for (int i = 0; i < 1000; ++i) pipeline += "OPTIONS * RTSP/1.0\r\nCSeq: " + std::to_string(i) + "\r\n\r\n";
  const double before = cpu_seconds();
  const auto step = source.session.receive(pipeline, kStart);
  EXPECT_LT(cpu_seconds() - before, kMostCpu);
  EXPECT_EQ(all<SessionEnded>(step.events).at(0).reason, EndReason::BadMessage);
  EXPECT_EQ(messages_in(step.to_peer.substr(0, step.to_peer.size() - kBare400.size())).size(),
            Exchange::kMaxMessagesAtOnce);
  EXPECT_LT(step.to_peer.size(), 64u * 1024);
}

TEST(BadInput, AsManyAsAllowedInOneCallAreAnswered) {
  SourceRig source;
  source.reach(State::Playing);
  std::string pipeline;
  for (std::size_t i = 0; i < Exchange::kMaxMessagesAtOnce; ++i)
    pipeline += "OPTIONS * RTSP/1.0\nCSeq: 1\n\n";
  source.hear(pipeline);
  EXPECT_EQ(source.responses().size(), Exchange::kMaxMessagesAtOnce);
  EXPECT_EQ(source.session.state(), State::Playing);
}

TEST(BadInput, ARequestCutInTwoAnywhereIsAnswered) {
  const std::string request = "OPTIONS * RTSP/1.0\r\nCSeq: 7\r\nRequire: org.wfa.wfd1.0\r\n\r\n";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    SourceRig source;
    source.reach(State::Greeting);
    source.hear(request.substr(0, cut));
    EXPECT_EQ(source.said_bytes, "");
    source.hear(request.substr(cut));
    EXPECT_EQ(source.code(), 200u) << cut;
  }
}

TEST(BadInput, AnotherConnectionsSessionDoesNotEndTheVictim) {
  SourceOptions other = source_options();
  other.session_key = "ffffffffff";
  SourceRig attacker(other);
  attacker.reach(State::Ready);
  attacker.teardown();  // names the victim's session
  EXPECT_EQ(attacker.code(), 454u);
  EXPECT_EQ(attacker.session.state(), State::Ready);
}

TEST(BadInput, IdleHalfOpenConnectionsEndWithinTenSeconds) {
  SourceRig source;
  source.reach(State::Greeting);
  EXPECT_LE(*source.session.next_deadline(), source.now + 10s);
  source.tick_at(*source.session.next_deadline());
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
}

TEST(BadInput, SlowlorisIsNotProofOfLife) {
  SourceRig source;
  source.reach(State::Greeting);
  const std::string request = "OPTIONS * RTSP/1.0\r\nX: ";
  for (int i = 0; source.session.state() != State::Ended && i < 100; ++i) {
    source.hear(std::string(1, request[static_cast<std::size_t>(i) % request.size()] == '\n' ? '\n' : 'a'));
    source.advance(100ms);
  }
  EXPECT_TRUE(source.ended(EndReason::NoAnswer));
  EXPECT_EQ(source.now, kStart + kReplyTimeout);
  SourceRig playing;
  playing.reach(State::Playing);
  for (int i = 0; i < 29; ++i) {
    playing.advance(1s);
    playing.hear("a");
  }
  playing.advance(1s);
  EXPECT_TRUE(playing.ended(EndReason::NoAnswer));
}

TEST(BadInput, ASinkIsNotBetterToAttack) {
  for (const std::string& bytes :
       {std::string(16 << 20, 'A'),
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 1000000000\r\n\r\n" + std::string(1 << 20, 'a')}) {
    SinkRig sink;
    sink.reach(SinkSession::State::Playing);
    const double before = cpu_seconds();
    sink.hear(bytes);
    EXPECT_LT(cpu_seconds() - before, kMostCpu);
    EXPECT_TRUE(sink.ended(EndReason::BadMessage));
  }
}

// Seeded mutations of both sides of a good conversation.
TEST(BadInput, MutatedConversationsNeverBreakASession) {
  Pair good;
  good.connect();
  Random random(20260101);
  for (int round = 0; round < 2000; ++round) {
    std::string to_sink = good.said_by_source, to_source = good.said_by_sink;
    for (std::string* bytes : {&to_sink, &to_source}) {
      for (std::uint64_t i = 0, count = 1 + random.next() % 4; i < count; ++i) {
        const std::size_t at = random.next() % bytes->size();
        switch (random.next() % 4) {
          case 0:
            (*bytes)[at] = static_cast<char>(random.next());
            break;
          case 1:
            bytes->erase(at, random.next() % 20);
            break;
          case 2:
            bytes->insert(at, bytes->substr(random.next() % bytes->size(), random.next() % 40));
            break;
          default:
            bytes->insert(at, std::to_string(random.next()));
            break;
        }
      }
    }
    Pair pair;
    pair.take(pair.source.start(pair.now));
    pair.take(pair.sink.start(pair.now));
    pair.take(pair.source.receive(to_source, pair.now));
    pair.take(pair.sink.receive(to_sink, pair.now));
    for (int i = 0; i < 20; ++i) {
      const auto next = earliest(pair.source.next_deadline(), pair.sink.next_deadline());
      if (next) pair.now = std::max(pair.now, *next);
      pair.take(pair.source.tick(pair.now));
      pair.take(pair.sink.tick(pair.now));
    }
    ASSERT_LE(all<SessionEnded>(pair.source_events).size(), 1u);
    ASSERT_LE(all<SessionEnded>(pair.sink_events).size(), 1u);
  }
}

}  // namespace
}  // namespace wfdcast::rtsp::test
