// Residual loss and overhead of our repair in the simulator, one line of JSON.
//
//   repair_sim SINKS LOSS BURST LATENCY_MS PACKETS [parity|plain] [SEED]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/unit/stream_simulation.h"

int main(int argc, char** argv) {
  using namespace wfdcast;
  if (argc < 6) {
    std::fputs("usage: repair_sim SINKS LOSS BURST LATENCY_MS PACKETS [parity|plain] [SEED]\n", stderr);
    return 2;
  }
  stream::test::Simulation simulation(
      {.sinks = static_cast<std::size_t>(std::atoi(argv[1])),
       .loss = std::atof(argv[2]),
       .burst = std::atof(argv[3]),
       .latency = std::chrono::milliseconds(std::atoi(argv[4])),
       .packets = static_cast<std::uint64_t>(std::atoll(argv[5])),
       .parity = argc < 7 || std::string_view(argv[6]) != "plain",
       .seed = argc < 8 ? 1 : static_cast<std::uint64_t>(std::atoll(argv[7]))});
  const auto begin = std::chrono::steady_clock::now();
  simulation.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::uint64_t wrong = 0;
  for (const auto& sink : simulation.sinks()) wrong += sink->wrong;
  const auto& counters = simulation.sender().counters();
  std::printf(
      "{\"lost_on_air\": %.6f, \"residual\": %.3e, \"overhead\": %.4f, \"wrong\": %llu, \"requests\": %llu, "
      "\"retransmitted\": %llu, \"parity\": %llu, \"limited\": %llu, \"unknown\": %llu, \"seconds\": %.2f}\n",
      simulation.lost_on_air(), simulation.residual(), simulation.overhead(),
      static_cast<unsigned long long>(wrong), static_cast<unsigned long long>(simulation.requests()),
      static_cast<unsigned long long>(counters.retransmitted),
      static_cast<unsigned long long>(counters.parity), static_cast<unsigned long long>(counters.limited),
      static_cast<unsigned long long>(counters.unknown), took.count());
  return 0;
}
