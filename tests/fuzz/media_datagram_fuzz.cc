// Bytes from the network to ts_in_datagram(): what it gives is whole TS packets inside the datagram.
#include <cstdlib>

#include "media/udp_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const wfdcast::ByteView datagram(data, size);
  const wfdcast::ByteView ts = wfdcast::media::ts_in_datagram(datagram);
  if (ts.empty()) return 0;
  if (ts.size() % 188 != 0 || ts.front() != 0x47) std::abort();
  if (ts.data() < data || ts.data() + ts.size() > data + size) std::abort();
  return 0;
}
