#include "security/pairing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "security/identity.h"

namespace wfdcast::security {
namespace {

constexpr Time kStart{1h};

template <std::size_t N>
std::array<std::uint8_t, N> filled(std::uint8_t first) {
  std::array<std::uint8_t, N> bytes;
  for (std::size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return bytes;
}

const PairingContext kContext{
    .exporter = filled<32>(0x00), .source = {filled<32>(0x20)}, .sink = {filled<32>(0x40)}};
const Nonce kSourceNonce = filled<32>(0x60), kSinkNonce = filled<32>(0x80);

// Two ends, and a wire that a test may cut or bend.
struct Pair {
  Pairing source{Pairing::Role::Source, kContext, kSourceNonce, kStart};
  Pairing sink{Pairing::Role::Sink, kContext, kSinkNonce, kStart};
  std::vector<PairingEvent> at_source, at_sink;

  void carry(Pairing& to, std::vector<PairingEvent>& events, Pairing::Step from) {
    Pairing& other = &to == &source ? sink : source;
    auto& other_events = &to == &source ? at_sink : at_source;
    other_events.insert(other_events.end(), from.events.begin(), from.events.end());
    for (const std::uint8_t byte : from.to_peer) {  // one at a time
      Pairing::Step answer = to.receive({&byte, 1}, kStart);
      if (!answer.to_peer.empty() || !answer.events.empty()) carry(other, other_events, std::move(answer));
    }
    (void)events;
  }
  void from_sink(Pairing::Step step) { carry(source, at_source, std::move(step)); }
  void from_source(Pairing::Step step) { carry(sink, at_sink, std::move(step)); }
};

template <class Event>
bool has(const std::vector<PairingEvent>& events) {
  return std::any_of(events.begin(), events.end(),
                     [](const auto& event) { return std::holds_alternative<Event>(event); });
}

// docs/protocol.md section 5.2 shows these; they were computed by another program (Python's hashlib).
TEST(Pairing, TestVectors) {
  EXPECT_EQ(to_hex(pairing_commitment(kContext, kSinkNonce)),
            "569ad258ff9437f2d397155115e2868771a6ccbaa48ea0c10a9fff6b6ccecfc8");
  EXPECT_EQ(number_text(pairing_number(kContext, kSourceNonce, kSinkNonce)), "818008");
  EXPECT_EQ(number_text(42), "000042");
  EXPECT_EQ(number_text(999999), "999999");
}

TEST(Pairing, BothSeeTheSameNumberAndConfirm) {
  Pair pair;
  pair.from_sink(pair.sink.start());
  ASSERT_TRUE(pair.source.number());
  EXPECT_EQ(pair.source.number(), pair.sink.number());
  EXPECT_TRUE(has<NumberReady>(pair.at_source) && has<NumberReady>(pair.at_sink));
  pair.from_source(pair.source.confirm());
  EXPECT_FALSE(has<PairingDone>(pair.at_source) || has<PairingDone>(pair.at_sink));
  pair.from_sink(pair.sink.confirm());
  EXPECT_TRUE(has<PairingDone>(pair.at_source) && has<PairingDone>(pair.at_sink));
  EXPECT_FALSE(pair.source.next_deadline() || pair.sink.next_deadline());
}

TEST(Pairing, OneConfirmationIsNone) {
  Pair pair;
  pair.from_sink(pair.sink.start());
  pair.from_sink(pair.sink.confirm());
  EXPECT_TRUE(pair.sink.confirm().to_peer.empty());
  EXPECT_TRUE(has<PairingFailed>(pair.sink.tick(kStart + Pairing::kPersonTimeout).events));
  EXPECT_TRUE(has<PairingFailed>(pair.source.tick(kStart + Pairing::kPersonTimeout).events));
  EXPECT_FALSE(has<PairingDone>(pair.at_source) || has<PairingDone>(pair.at_sink));
}

TEST(Pairing, ARefusalEndsItAtBothEnds) {
  Pair pair;
  pair.from_sink(pair.sink.start());
  pair.from_source(pair.source.confirm());
  pair.from_sink(pair.sink.refuse());
  EXPECT_EQ(pair.source.state(), Pairing::State::Failed);
  EXPECT_EQ(pair.sink.state(), Pairing::State::Failed);
  EXPECT_FALSE(has<PairingDone>(pair.at_source));
}

TEST(Pairing, ABrokenCommitmentIsSeen) {
  Pairing source(Pairing::Role::Source, kContext, kSourceNonce, kStart);
  Pairing sink(Pairing::Role::Sink, kContext, kSinkNonce, kStart);
  auto commitment = sink.start().to_peer;
  commitment[5] ^= 1;
  const auto nonce = source.receive(commitment, kStart);
  const auto revealed = sink.receive(nonce.to_peer, kStart);
  EXPECT_TRUE(has<PairingFailed>(source.receive(revealed.to_peer, kStart).events));
  EXPECT_FALSE(source.number());
}

TEST(Pairing, MessagesOutOfOrderAndNoiseFail) {
  const auto sink_nonce = [] {
    std::vector<std::uint8_t> message{3};
    message.insert(message.end(), kSinkNonce.begin(), kSinkNonce.end());
    return message;
  };
  Pairing source(Pairing::Role::Source, kContext, kSourceNonce, kStart);
  EXPECT_TRUE(has<PairingFailed>(source.receive(sink_nonce(), kStart).events));
  Pairing early(Pairing::Role::Source, kContext, kSourceNonce, kStart);
  EXPECT_TRUE(has<PairingFailed>(early.receive(std::vector<std::uint8_t>{4}, kStart).events));
  for (const int kind : {0, 6, 22, 255}) {
    Pairing noise(Pairing::Role::Source, kContext, kSourceNonce, kStart);
    EXPECT_TRUE(has<PairingFailed>(
        noise.receive(std::vector<std::uint8_t>{static_cast<std::uint8_t>(kind)}, kStart).events));
    EXPECT_TRUE(noise.receive(sink_nonce(), kStart).events.empty()) << "it is over";
  }
}

TEST(Pairing, SilenceAndALostConnectionFail) {
  Pairing sink(Pairing::Role::Sink, kContext, kSinkNonce, kStart);
  EXPECT_EQ(sink.next_deadline(), kStart + Pairing::kMessageTimeout);
  EXPECT_TRUE(sink.tick(kStart + Pairing::kMessageTimeout - 1ns).events.empty());
  EXPECT_TRUE(has<PairingFailed>(sink.tick(kStart + Pairing::kMessageTimeout).events));
  Pairing source(Pairing::Role::Source, kContext, kSourceNonce, kStart);
  EXPECT_TRUE(has<PairingFailed>(source.connection_lost().events));
  EXPECT_TRUE(source.connection_lost().events.empty());
}

// Somebody between the two has a TLS connection to each, so another exporter and other keys on each side. He
// chooses his nonces as he likes, but must commit towards the source before he sees its nonce, and gets the
// sink's nonce only after he has given his own. What is left to him is luck: with numbers of 8 bits he wins
// one try in 256, however he chooses.
TEST(Pairing, WhoIsBetweenThemCannotSteerTheNumbers) {
  Random random(1);
  const auto bytes = [&] {
    std::array<std::uint8_t, 32> out;
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random.next());
    return out;
  };
  constexpr int kTries = 4096, kShort = 256;
  int wins = 0;
  for (int i = 0; i < kTries; ++i) {
    PairingContext to_source = kContext, to_sink = kContext;
    to_source.exporter = bytes();
    to_sink.exporter = bytes();
    to_source.sink = to_sink.source = {bytes()};
    const Nonce mine = bytes(), source_nonce = bytes(), sink_nonce = bytes();
    // Towards the sink he is the source, and chooses last: but before the sink reveals its nonce.
    const std::uint32_t shown_by_source = pairing_number(to_source, source_nonce, mine) % kShort;
    Nonce guess = bytes();
    for (int k = 0; k < 8 && pairing_number(to_sink, guess, bytes()) % kShort != shown_by_source; ++k)
      guess = bytes();
    wins += pairing_number(to_sink, guess, sink_nonce) % kShort == shown_by_source;
  }
  EXPECT_NEAR(wins, kTries / kShort, 16);  // four standard deviations
}

TEST(PairingWindow, ClosesByTimeAndByTries) {
  PairingWindow window;
  EXPECT_FALSE(window.is_open(kStart));
  window.open(kStart + 120s);
  EXPECT_TRUE(window.is_open(kStart + 119s));
  EXPECT_FALSE(window.is_open(kStart + 120s));
  window.failed();
  window.failed();
  EXPECT_TRUE(window.is_open(kStart));
  window.failed();
  EXPECT_FALSE(window.is_open(kStart));
  window.failed();
  window.open(kStart + 10s);
  EXPECT_TRUE(window.is_open(kStart));
}

}  // namespace
}  // namespace wfdcast::security
