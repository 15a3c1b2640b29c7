// GroupKeyRing of security/srtp.h.
#include <algorithm>

#include "security/srtp.h"

namespace wfdcast::security {
namespace {

constexpr std::size_t kMki = 4;

}  // namespace

void GroupKeyRing::add(const GroupKey& key) {
  auto held = std::ranges::find_if(held_, [&](const Held& one) { return one.key.mki == key.mki; });
  if (held == held_.end()) {
    if (held_.size() == 2) held_.erase(held_.begin());
    held = held_.insert(held_.end(), {key, std::make_unique<SrtpReceiver>(key.key), std::nullopt});
  }
  held->receiver->expect(key.media, {key.roc, key.sequence});
  for (const GroupKey::Other& other : key.others)
    held->receiver->expect(other.ssrc, {other.roc, other.sequence});
}

template <class Unprotect>
ByteView GroupKeyRing::with_key_of(ByteView packet, Time now, Unprotect unprotect) {
  if (held_.size() == 2 && held_.front().until && now >= *held_.front().until) held_.erase(held_.begin());
  if (packet.size() < kMki) return {};
  const std::uint32_t mki = ByteReader(packet.last(kMki)).u32();
  for (Held& held : held_) {
    if (held.key.mki != mki) continue;
    const ByteView plain = unprotect(*held.receiver, packet.first(packet.size() - kMki));
    const bool newest = &held == &held_.back();
    if (!plain.empty() && newest && held_.size() == 2 && !held_.front().until)
      held_.front().until = now + overlap_;
    if (plain.empty()) ++(held.receiver->repeated() ? repeated_ : refused_);
    return plain;
  }
  ++refused_;
  return {};
}

ByteView GroupKeyRing::unprotect_rtp(ByteView packet, ByteSpan out, Time now) {
  return with_key_of(
      packet, now, [&](SrtpReceiver& receiver, ByteView part) { return receiver.unprotect_rtp(part, out); });
}

ByteView GroupKeyRing::unprotect_rtcp(ByteView packet, ByteSpan out, Time now) {
  return with_key_of(
      packet, now, [&](SrtpReceiver& receiver, ByteView part) { return receiver.unprotect_rtcp(part, out); });
}

}  // namespace wfdcast::security
