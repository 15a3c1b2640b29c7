// SourceStream: sinks that join a stream that runs.
#include "daemon/source_stream.h"

namespace wfdcast::daemon {

// True: this sink gets what was sent since the last key picture, and then the stream. One that has the group
// from its start would get both at once.
bool SourceStream::begin_before(SessionId id) {
  const auto member = members_.find(id);
  const auto key = feed_.key_picture();
  if (!playing_ || !key || member == members_.end() || member->second.client.rtp == 0) return false;
  if (group_.initial_delivery(id) != Delivery::Unicast || !catch_up_.begin(id, *key, loop_.now()))
    return false;
  ++counters_.catch_ups;
  follow_path(id);
  send_catch_ups();
  return true;
}

void SourceStream::send_catch_ups() {
  constexpr std::uint64_t kPacketBits = 8 * stream::kMaxRtpPacket;
  std::array<ByteView, GroupCipher::kBatch> packets;
  const auto send = [&](SessionId id, std::uint64_t first, std::uint64_t end) {
    const Member& member = members_.at(id);
    const std::array sink{Endpoint{member.address, member.client.rtp}};
    while (first < end) {
      std::size_t count = 0;
      for (; first < end && count < packets.size(); ++first) {
        if (const auto packet = feed_.packet(first)) packets[count++] = *packet;
      }
      transmit(std::span(packets).first(count), std::nullopt, sink);
    }
  };
  const auto done = catch_up_.take(feed_.taken(), counters_.bitrate / kPacketBits, loop_.now(), send);
  for (const SessionId id : done) {
    carry_out(group_.play(id, loop_.now()));
    follow_path(id);
  }
  feed_.hold(catch_up_.oldest());
  catch_up_timer_.set(catch_up_.next_deadline());
}

// The last of the others is gone, so nothing would come any more.
void SourceStream::end_catch_ups() {
  if (!group_.anyone_playing()) {
    for (const SessionId id : catch_up_.give_up()) play(id);
  }
  feed_.hold(catch_up_.oldest());
  catch_up_timer_.set(catch_up_.next_deadline());
}

}  // namespace wfdcast::daemon
