// RTCP from a stranger: what was understood, written again, is understood alike.
#include <cstdlib>

#include "stream/rtcp.h"

using namespace wfdcast;
using namespace wfdcast::stream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = parse_rtcp(ByteView(data, size));
  if (!first) return 0;
  if (first->empty() || first->size() > kMaxRtcpPackets) std::abort();
  const auto bytes = serialize(*first);
  const auto second = parse_rtcp(bytes);
  if (!second || *second != *first || serialize(*second) != bytes) std::abort();
  for (const RtcpPacket& packet : *first) {
    if (const auto* report = std::get_if<ReceiverReport>(&packet)) {
      for (const ReportBlock& block : report->blocks) (void)round_trip(block, size * 0x1'0000'0001);
    }
  }
  return 0;
}
