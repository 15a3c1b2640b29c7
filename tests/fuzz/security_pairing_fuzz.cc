// Both ends of a pairing, fed whatever a peer sends in whatever pieces: the first byte says which end and how
// often the person confirms.
#include <algorithm>
#include <cstdlib>

#include "security/pairing.h"

using namespace wfdcast;
using security::Pairing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool source = (data[0] & 1) != 0;
  const bool confirms = (data[0] & 2) != 0;
  const std::size_t piece = 1 + data[0] / 4;
  Time now{1h};
  Pairing pairing(source ? Pairing::Role::Source : Pairing::Role::Sink, {}, {}, now);
  std::size_t sent = pairing.start().to_peer.size();
  for (std::size_t at = 1; at < size; at += piece) {
    sent += pairing.receive({data + at, std::min(piece, size - at)}, now).to_peer.size();
    if (confirms) sent += pairing.confirm().to_peer.size();
    now += 100ms;
    sent += pairing.tick(now).to_peer.size();
  }
  // Never more than its part of one exchange, and Done only when both have confirmed.
  if (sent > 3 * Pairing::kMaxMessage) std::abort();
  if (pairing.state() == Pairing::State::Done && !confirms) std::abort();
  return 0;
}
