// Source and sinks together, in simulated time, over a network that loses.
#include <gtest/gtest.h>

#include "tests/unit/stream_simulation.h"

namespace wfdcast::stream {
namespace {

using test::Simulation;

void expect_right(const Simulation& simulation) {
  // The clock of a sink whose first packet was late is slewed to those that are not.
  EXPECT_LE(simulation.most_buffered(), simulation.latency() + 5ms) << "a buffer adds its latency, no more";
  EXPECT_LE(simulation.most_waiting(), RepairSender::kMostJobs);
  for (const auto& sink : simulation.sinks()) EXPECT_EQ(sink->wrong, 0U) << "an output is not what was sent";
}

TEST(Repair, OneSinkGetsEachLostPacketAgain) {
  Simulation simulation({.loss = 0.1, .latency = 100ms, .packets = 20'000});
  simulation.run();
  expect_right(simulation);
  EXPECT_GT(simulation.lost_on_air(), 0.09);
  EXPECT_EQ(simulation.missing(*simulation.sinks()[0]), 0U);
  EXPECT_LE(simulation.overhead(), 1.3 * simulation.lost_on_air());
  EXPECT_EQ(simulation.sender().counters().parity, 0U);
}

TEST(Repair, ManySinksShareParity) {
  Simulation simulation({.sinks = 16, .loss = 0.05, .latency = 150ms, .packets = 5'000});
  simulation.run();
  expect_right(simulation);
  EXPECT_LE(simulation.residual(), 1e-4);
  EXPECT_LE(simulation.overhead(), 0.18);
  for (const auto& sink : simulation.sinks()) EXPECT_GT(sink->receiver.counters({}).by_parity, 100U);
}

TEST(Repair, BurstsAreRepairedInTime) {
  Simulation simulation({.loss = 0.1, .burst = 20, .latency = 200ms, .packets = 20'000});
  simulation.run();
  expect_right(simulation);
  EXPECT_GT(simulation.lost_on_air(), 0.05);
  EXPECT_EQ(simulation.residual(), 0);
  EXPECT_LE(simulation.overhead(), 1.2 * simulation.lost_on_air()) << "each once, not again while it waits";
}

// A burst that outlasts the receive buffer but for the round trip: the packet after it would tell too late.
// Of each seed the longest one is that long.
TEST(Repair, ABurstAlmostAsLongAsTheBufferIsRepairedInTime) {
  for (const std::uint64_t seed : {12, 45, 49}) {
    Simulation simulation({.loss = 0.1, .burst = 20, .latency = 200ms, .packets = 30'000, .seed = seed});
    simulation.run();
    expect_right(simulation);
    EXPECT_EQ(simulation.residual(), 0) << seed;
    EXPECT_LE(simulation.overhead(), 1.2 * simulation.lost_on_air());
  }
}

// Requests are lost as well: they are made again.
TEST(Repair, OnlyRequestsAreLost) {
  Simulation simulation({.loss = 0.05, .uplink_loss = 0.3, .latency = 150ms, .packets = 10'000});
  simulation.run();
  EXPECT_LE(simulation.residual(), 2e-4);
}

// What nobody can repair in time makes no storm.
TEST(Repair, WhenAllLoseEverythingTheAnswerIsBounded) {
  Simulation simulation(
      {.sinks = 64, .loss = 0.01, .latency = 150ms, .packets = 3'000, .dark_from = 1'000, .dark_to = 1'950});
  simulation.run();
  expect_right(simulation);
  EXPECT_LE(simulation.overhead(), 0.6);
  EXPECT_LE(simulation.most_waiting(), 300U);
  for (const auto& sink : simulation.sinks()) EXPECT_LE(simulation.missing(*sink), 950U);
}

// A bad sink costs no more than the stream's own rate (here by unicast), and spoils nothing for the others.
TEST(Repair, OneBadSinkAmongEight) {
  Simulation simulation({.sinks = 8, .bad_sinks = 1, .loss = 0.01, .bad_loss = 0.6, .packets = 5'000});
  simulation.run();
  expect_right(simulation);
  EXPECT_LE(simulation.overhead(), 1.15);
  for (std::size_t i = 1; i < 8; ++i) EXPECT_LE(simulation.missing(*simulation.sinks()[i]), 5U) << i;
}

// A class of screens: the answer stays small against the stream, nobody waits longer than its latency, and
// nobody is served worse than the others. scripts/bench repair runs an hour of it, with 1,000 sinks.
TEST(Repair, TwoHundredSinksMakeNoStorm) {
  Simulation simulation({.sinks = 200, .loss = 0.02, .latency = 300ms, .spacing = 10ms, .packets = 1'500});
  simulation.run();
  expect_right(simulation);
  EXPECT_LE(simulation.meter().most_repairs_a_packet(), 0.5);
  EXPECT_LE(simulation.meter().most_requests_a_second(), 200U * 4);
  EXPECT_LE(simulation.residual(), 1e-4);
  for (const auto& sink : simulation.sinks()) EXPECT_LE(simulation.missing(*sink), 3U);
}

// The air holds half of the stream from the 20th to the 60th second.
TEST(RateControl, TheEncoderGivesWayToNarrowAirAndComesBackWithinTenSeconds) {
  Simulation simulation({.sinks = 3,
                         .loss = 0,
                         .latency = 300ms,
                         .packets = 80'000,
                         .rate_control = true,
                         .capacity = 15e6,
                         .narrow_capacity = 5e6,
                         .narrow_from = 20s,
                         .narrow_to = 60s});
  simulation.run();
  expect_right(simulation);
  std::uint64_t lost_at_30 = 0, lost_at_60 = 0;
  for (const auto& second : simulation.seconds()) {
    const auto at = second.since_start / 1s;
    const bool wide = at < 20 || at > 70, narrow = at > 26 && at < 60;
    EXPECT_GE(second.bitrate, wide ? 9'900'000U : 0U) << at;
    EXPECT_LE(second.bitrate, narrow ? 7'500'000U : 10'000'000U) << at;
    if (at == 30) lost_at_30 = second.lost;
    if (at == 60) lost_at_60 = second.lost;
  }
  EXPECT_LT(lost_at_60 - lost_at_30, 3U * 30 * 470 / 20) << "one in twenty while it looks for more";
}

TEST(Repair, TheSameSeedIsTheSameRun) {
  const auto figures = [](std::uint64_t seed) {
    Simulation simulation({.sinks = 4, .packets = 2'000, .seed = seed});
    simulation.run();
    const auto& counters = simulation.sender().counters();
    return std::tuple(simulation.lost_on_air(), simulation.requests(), counters.parity,
                      counters.retransmitted);
  };
  EXPECT_EQ(figures(5), figures(5));
  EXPECT_NE(figures(5), figures(6));
}

}  // namespace
}  // namespace wfdcast::stream
