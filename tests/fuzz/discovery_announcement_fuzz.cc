// A datagram: refused, or an announcement that is the fixed point of its own serialisation.
#include <cstdlib>

#include "discovery/announcement.h"

using namespace wfdcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto seal = discovery::sealed({data, size});
  if (seal && seal->message.size() + 67 != size) std::abort();
  const auto announcement = discovery::parse_announcement({data, size});
  if (!announcement) return discovery::to_string(announcement.error()) == nullptr;
  const auto datagram = discovery::serialize(*announcement);
  if (datagram.size() > discovery::kMaxDatagram) std::abort();
  const auto again = discovery::parse_announcement(datagram);
  if (!again || *again != *announcement) std::abort();
  if (discovery::serialize(*again) != datagram) std::abort();
  return 0;
}
