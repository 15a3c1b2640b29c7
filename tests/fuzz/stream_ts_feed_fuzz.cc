// Bytes in any split through TsFeed, in both paces, with restarts, pauses and a
// clock that jumps. What comes out must always be RTP of whole TS packets.
#include <cstdlib>

#include "stream/ts_feed.h"

namespace {

using namespace wfdcast;
using stream::TsFeed;

constexpr Duration kFarthest = 1h;

void require(bool fact) {
  if (!fact) std::abort();
}

class Checker {
 public:
  void check(const ByteView packet) {
    const auto rtp = stream::parse_rtp(packet);
    require(rtp && rtp->payload_type == stream::kPayloadTypeMp2t && rtp->ssrc.value == 2);
    require(!rtp->payload.empty() && rtp->payload.size() % stream::kTsPacket == 0);
    require(packet.size() <= stream::kMaxRtpPacket);
    require(rtp->sequence == sequence_++);
    for (std::size_t at = 0; at < rtp->payload.size(); at += stream::kTsPacket)
      check_ts(rtp->payload.subspan(at));
  }

 private:
  void check_ts(ByteView ts) {
    require(ts[0] == 0x47 && (ts[1] & 0x80) == 0 && (ts[3] & 0xC0) == 0);
    const int pid = (ts[1] & 0x1F) << 8 | ts[2];
    require(pid == 0 || pid == 0x0100 || pid == 0x1000 || pid == 0x1011 || pid == 0x1100);
    if ((ts[3] & 0x10) == 0) return;
    int& last = continuity_[pid == 0 ? 0 : pid == 0x100 ? 1 : pid == 0x1011 ? 2 : 3];
    require(last < 0 || ((last + 1) & 15) == (ts[3] & 15));
    last = ts[3] & 15;
  }
  std::uint16_t sequence_ = 65'000;
  int continuity_[4] = {-1, -1, -1, -1};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  const auto pace = (in.u8() & 1) != 0 ? TsFeed::Pace::Pcr : TsFeed::Pace::Arrival;
  TsFeed feed({.pace = pace, .ssrc = {2}, .first_sequence = 65'000});
  Checker checker;
  Time now = Time{} + 1000s;
  while (in.remaining() > 0) {
    // One byte says what happens next; most values push bytes, as many as it says.
    const std::uint8_t order = in.u8();
    if (order == 0xFF) {
      feed.restart(now);
    } else if (order == 0xFE) {
      feed.resume(now);
    } else if (order >= 0xF0) {
      now += (order & 0x0F) * 10ms;
    } else {
      feed.push(in.bytes(std::min<std::size_t>(order * 64u, in.remaining())), now);
    }
    std::array<ByteView, 8> out;
    for (const ByteView packet : feed.take(now, out)) checker.check(packet);
    if (const auto deadline = feed.next_deadline())
      require(*deadline < now + kFarthest && *deadline > now - kFarthest);
    (void)feed.wants_bytes(now);
    (void)feed.rtp_time(now);
  }
  return 0;
}
