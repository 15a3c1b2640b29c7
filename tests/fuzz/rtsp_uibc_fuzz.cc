// The source's end of a UIBC connection. What can be read can be written again,
// and is the same then; nothing is held after release().
#include <cstdlib>

#include "rtsp/uibc_receiver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wfdcast;
  using namespace wfdcast::rtsp;
  ByteReader in({data, size});
  UibcReceiver receiver;
  bool sane = true;
  while (sane && in.remaining() > 0) {
    const std::size_t piece = in.u8() + 1u;
    sane = receiver.receive(in.bytes(std::min(piece, in.remaining()))).has_value();
  }
  (void)receiver.release();
  if (!receiver.release().empty()) std::abort();

  const auto packet = parse_uibc_packet({data, size});
  if (!packet) return 0;
  const std::string written = serialize(*packet);
  if (parse_uibc_packet(as_bytes(written)) != packet) std::abort();
  return 0;
}
