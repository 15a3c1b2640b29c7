// IP packets of anybody on the link, as a raw socket gives them to the querier.
#include <cstdlib>

#include "stream/igmp.h"
#include "stream/igmp_querier.h"

using namespace wfdcast;
using namespace wfdcast::stream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Time now{1000s};
  const auto query = parse_igmp_query({data, size});
  if (!query) return 0;
  IgmpQuerier querier({.mode = IgmpQuerier::Mode::Always, .address = {0x0A4D'0001}}, now);
  (void)querier.tick(now);
  querier.heard(query->querier, now);
  // Only a lower address silences us, and never for ever.
  if (querier.silent() != (query->querier && query->querier < Ipv4Address{0x0A4D'0001})) std::abort();
  if (querier.next_deadline() > now + querier.other_present()) std::abort();
  return 0;
}
