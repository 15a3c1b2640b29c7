#include "stream/picture_watch.h"

#include "stream/h264.h"
#include "stream/pes.h"
#include "stream/rtp.h"
#include "stream/ts_packet.h"

namespace wfdcast::stream {
namespace {

constexpr std::size_t kStreamId = 3;  // of a PES header
constexpr std::uint8_t kVideoStream = 0xE0, kStreamKind = 0xF0;

// By the flag of its TS packet, which not every source sets, or by what it begins with.
bool begins_key_picture(const std::uint8_t* bytes) {
  const auto packet = parse_ts_packet(bytes);
  if (!packet || !packet->header.payload_start()) return false;
  const auto header = parse_pes_header(packet->payload);
  if (!header || (packet->payload[kStreamId] & kStreamKind) != kVideoStream) return false;
  return packet->random_access() || look_at_picture(packet->payload.subspan(header->size)).key;
}

bool has_key_picture(ByteView ts) {
  for (std::size_t at = 0; at + kTsPacket <= ts.size(); at += kTsPacket) {
    if (ts[at] == kSyncByte && begins_key_picture(ts.data() + at)) return true;
  }
  return false;
}

}  // namespace

void PictureWatch::arrived(ByteView ts, Time now) {
  switch (awaits_) {
    case Awaits::Nothing:
      if (has_key_picture(ts)) awaits_ = Awaits::Start;
      return;
    case Awaits::Start:
      return;
    case Awaits::KeyPicture:
      if (!has_key_picture(ts)) return;
      [[fallthrough]];
    case Awaits::Packets:
    case Awaits::AnyPacket:
      awaits_ = Awaits::Packets;
      since_ = now;
  }
}

bool PictureWatch::due(Time now) {
  if (const auto deadline = next_deadline(); !deadline || now < *deadline) return false;
  awaits_ = awaits_ == Awaits::KeyPicture ? Awaits::Packets : Awaits::AnyPacket;
  since_ = now;
  return true;
}

std::optional<Time> PictureWatch::next_deadline() const {
  const bool waits = awaits_ == Awaits::KeyPicture || awaits_ == Awaits::Packets;
  return waits ? std::optional(since_ + kPatience) : std::nullopt;
}

}  // namespace wfdcast::stream
