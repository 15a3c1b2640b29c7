// Residual loss and overhead of our repair in the simulator, one line of JSON.
//
// An hour of 1,000 sinks: repair_sim 1000 0.02 1 300 338855 parity 1 1e6
//
//   repair_sim SINKS LOSS BURST LATENCY_MS PACKETS [parity|plain] [SEED] [BITRATE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/unit/stream_simulation.h"

int main(int argc, char** argv) {
  using namespace wfdcast;
  if (argc < 6) {
    std::fputs("usage: repair_sim SINKS LOSS BURST LATENCY_MS PACKETS [parity|plain] [SEED] [BITRATE]\n",
               stderr);
    return 2;
  }
  stream::test::Simulation simulation(
      {.sinks = static_cast<std::size_t>(std::atoi(argv[1])),
       .loss = std::atof(argv[2]),
       .burst = std::atof(argv[3]),
       .latency = std::chrono::milliseconds(std::atoi(argv[4])),
       .spacing = std::chrono::nanoseconds(static_cast<std::int64_t>(stream::kMaxRtpPacket * 8 * 1e9 /
                                                                     (argc < 9 ? 1e7 : std::atof(argv[8])))),
       .packets = static_cast<std::uint64_t>(std::atoll(argv[5])),
       .parity = argc < 7 || std::string_view(argv[6]) != "plain",
       .seed = argc < 8 ? 1 : static_cast<std::uint64_t>(std::atoll(argv[7]))});
  const auto begin = std::chrono::steady_clock::now();
  simulation.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::uint64_t wrong = 0;
  std::uint64_t worst = 0;
  for (const auto& sink : simulation.sinks()) {
    wrong += sink->wrong;
    worst = std::max(worst, simulation.missing(*sink));
  }
  const auto& counters = simulation.sender().counters();
  std::printf(
      "{\"lost_on_air\": %.6f, \"residual\": %.3e, \"overhead\": %.4f, \"wrong\": %llu, \"requests\": %llu, "
      "\"retransmitted\": %llu, \"parity\": %llu, \"limited\": %llu, \"unknown\": %llu, \"worst\": %llu, "
      "\"most_buffered_ms\": %.1f, \"most_waiting\": %zu, \"most_requests_a_second\": %llu, "
      "\"most_repairs_a_packet\": %.3f, \"seconds\": %.2f}\n",
      simulation.lost_on_air(), simulation.residual(), simulation.overhead(),
      static_cast<unsigned long long>(wrong), static_cast<unsigned long long>(simulation.requests()),
      static_cast<unsigned long long>(counters.retransmitted),
      static_cast<unsigned long long>(counters.parity), static_cast<unsigned long long>(counters.limited),
      static_cast<unsigned long long>(counters.unknown), static_cast<unsigned long long>(worst),
      std::chrono::duration<double, std::milli>(simulation.most_buffered()).count(),
      simulation.most_waiting(), static_cast<unsigned long long>(simulation.meter().most_requests_a_second()),
      simulation.meter().most_repairs_a_packet(), took.count());
  return 0;
}
