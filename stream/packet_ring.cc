#include "stream/packet_ring.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace wfdcast::stream {

PacketRing::PacketRing(std::size_t keep)
    : entries_(std::make_unique<Entry[]>(kEntries)),
      slots_(std::make_unique_for_overwrite<Slot[]>(kSlots)),
      keep_(std::min<std::size_t>(keep, kPast)) {
  for (std::size_t i = 0; i < kSlots; ++i) free_[i] = static_cast<std::uint16_t>(kSlots - 1 - i);
}

PacketRing::State PacketRing::state(std::uint64_t index) const {
  const Entry& found = entries_[index % kEntries];
  return found.index == static_cast<std::uint32_t>(index) ? found.state : State::Missing;
}

PacketRing::Fate PacketRing::fate(std::uint64_t index) const {
  if (output_ != Output::Unknown) {
    if (index >= head_ + kFuture) return Fate::TooFar;
    if (state(index) != State::Missing) return Fate::Duplicate;
    if (index < head_ && (output_ == Output::Begun || last_ - index >= kFuture)) return Fate::Passed;
  }
  return free_count_ + kept_count_ == 0 ? Fate::NoRoom : Fate::Missing;
}

void PacketRing::insert(std::uint64_t index, ByteView ts, Duration media, std::uint32_t skipped,
                        RtpTime timestamp) {
  assert(fate(index) == Fate::Missing && ts.size() <= kTsPacketsPerRtp * kTsPacket);
  if (output_ == Output::Unknown) {
    output_ = Output::Open;
    head_ = last_ = index;
  }
  if (empty() || index < first_) first_ = index;
  // Until the first packet goes out, an older one may still become the first.
  head_ = std::min(head_, index);
  last_ = std::max(last_, index);
  if (free_count_ == 0) forget_kept(kept_count_ - 1);
  const std::uint16_t number = free_[--free_count_];
  Slot& slot = slots_[number];
  slot.media = media.count();
  slot.skipped = skipped;
  slot.timestamp = timestamp.value;
  slot.size = static_cast<std::uint16_t>(ts.size());
  std::memcpy(slot.bytes.data(), ts.data(), ts.size());
  entry(index) = {static_cast<std::uint32_t>(index), number, State::Held};
}

void PacketRing::remember(std::uint64_t index) {
  if (index < head_ && head_ - index < kPast)
    entry(index) = {static_cast<std::uint32_t>(index), 0, State::Gone};
}

std::optional<PacketRing::Front> PacketRing::front() const {
  if (empty()) return std::nullopt;
  const Slot& slot = slots_[entries_[first_ % kEntries].slot];
  return Front{Duration(slot.media), first_ - head_ + slot.skipped, ByteView(slot.bytes).first(slot.size)};
}

void PacketRing::pop() {
  assert(!empty());
  output_ = Output::Begun;
  if (kept_count_ == 0) kept_from_ = first_;
  entry(first_).state = State::Kept;
  ++kept_count_;
  head_ = first_ + 1;
  find_first(head_);
  forget_kept(keep_);
}

// The oldest first. What is kept stands before the output's number, in order.
void PacketRing::forget_kept(std::size_t most) {
  for (; kept_count_ > most; ++kept_from_) {
    Entry& oldest = entry(kept_from_);
    if (state(kept_from_) != State::Kept) continue;
    oldest.state = State::Gone;
    free_[free_count_++] = oldest.slot;
    --kept_count_;
  }
}

std::optional<PacketRing::Kept> PacketRing::find(std::uint64_t index) const {
  const State found = state(index);
  if (found != State::Held && found != State::Kept) return std::nullopt;
  const Slot& slot = slots_[entries_[index % kEntries].slot];
  return Kept{RtpTime{slot.timestamp}, ByteView(slot.bytes).first(slot.size)};
}

void PacketRing::find_first(std::uint64_t from) {
  while (from <= last_ && state(from) != State::Held) ++from;
  first_ = from;
}

}  // namespace wfdcast::stream
