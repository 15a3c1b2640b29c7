// Any bytes as the beginning of a file.
#include <cstdlib>

#include "stream/ts_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto probe = wfdcast::stream::probe_ts({data, size});
  if (probe && !probe->format.video && !probe->format.audio && probe->note.empty()) std::abort();
  return 0;
}
