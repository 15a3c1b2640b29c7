// RTP and RTCP of a peer without the key: packets in any order, cut at will. The first byte says how long
// each is. Nothing of it may become plain text, and what the real sender sends between them must.
#include <algorithm>
#include <cstdlib>

#include "security/srtp.h"

using namespace wfdcast;
using namespace wfdcast::security;

namespace {

constexpr Ssrc kMedia{2};
constexpr std::uint32_t kMki = 1;
constexpr std::uint16_t kFirst = 65000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0];
  SrtpKey key;
  key.key.fill(7);
  SrtpSender sender(key, kMki);
  sender.begin(kMedia, {0, kFirst});
  GroupKeyRing ring(1s);
  ring.add({.mki = kMki, .key = key, .media = kMedia, .roc = 0, .sequence = kFirst, .from = kFirst});
  std::array<std::uint8_t, 100> packet{0x80, 33};
  ByteWriter(ByteSpan(packet).subspan(8)).u32(kMedia.value);
  std::array<std::uint8_t, 1536> sealed, plain;
  std::uint16_t sequence = kFirst;
  for (std::size_t at = 1; at < size; at += piece) {
    const ByteView foreign(data + at, std::min(piece, size - at));
    if (!ring.unprotect_rtp(foreign, plain, Time{}).empty()) std::abort();
    if (!ring.unprotect_rtcp(foreign, plain, Time{}).empty()) std::abort();
    ByteWriter(ByteSpan(packet).subspan(2)).u16(sequence++);
    const ByteView good = ring.unprotect_rtp(sender.protect_rtp(packet, sealed), plain, Time{});
    if (!std::ranges::equal(good, packet)) std::abort();
  }
  return 0;
}
