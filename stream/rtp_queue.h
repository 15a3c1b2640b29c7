#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/time.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

// One RTP packet that is being filled, waits to be sent, or is kept.
struct RtpSlot {
  Time since;           // open: when its first TS packet came; else when it was closed
  Time due;             // when it is to be sent; max: not known yet
  std::uint64_t first;  // the number of its first TS packet, in all that were written
  std::uint32_t buffer;
  std::uint8_t packets;  // TS packets in it, when it is closed
  std::uint8_t pcr;      // which of them carries a PCR, counted from 1; 0: none
  bool key;              // a key picture begins in it, with its PSI
};
static_assert(std::is_trivially_copyable_v<RtpSlot>);  // so memory alone makes one

// RTP packets in the order of sending, in memory that is fixed at construction.
// They are numbered from 0 on. The last may be open: TS packets are written
// straight into it. Buffers of sent packets are used again first, so that the
// memory touched is what the stream needs, not what it may need.
class RtpQueue {
 public:
  // Sent packets are kept only while so much memory is free: more than one push() needs.
  static constexpr std::size_t kLeastFree = 256;

  explicit RtpQueue(std::size_t capacity);

  // Begins a packet behind the last; false: no memory is left.
  [[nodiscard]] bool open(Time now) {
    if (free_count_ == 0) return false;
    space_ = begin(slot(end_), now);
    room_ = kTsPacketsPerRtp;
    return true;
  }
  // Puts a packet behind the last and closes it at once: memory for
  // kTsPacketsPerRtp TS packets, which the caller writes; nullptr: none is left.
  [[nodiscard]] std::uint8_t* append(Time now) {
    if (free_count_ == 0) return nullptr;
    RtpSlot& last = slot(end_++);
    std::uint8_t* const space = begin(last, now);
    last.packets = kTsPacketsPerRtp;
    written_ += kTsPacketsPerRtp;
    return space;
  }
  [[nodiscard]] bool is_open() const { return room_ != 0; }
  // Where the next TS packet of the open packet goes, and how many fit.
  [[nodiscard]] std::uint8_t* space() { return space_; }
  [[nodiscard]] std::size_t room() const { return room_; }
  // `count` TS packets were written there. A full packet is closed.
  void commit(std::size_t count, Time now) {
    space_ += count * kTsPacket;
    room_ -= count;
    written_ += count;
    if (room_ == 0) close(now);
  }
  void close(Time now) {
    RtpSlot& last = slot(end_++);
    last.since = now;
    last.packets = static_cast<std::uint8_t>(kTsPacketsPerRtp - room_);
    room_ = 0;
  }

  // TS packets so far.
  [[nodiscard]] std::uint64_t written() const { return written_; }

  [[nodiscard]] RtpSlot& slot(std::uint64_t number) {
    return slots_[static_cast<std::size_t>(number & mask_)];
  }
  [[nodiscard]] const RtpSlot& slot(std::uint64_t number) const {
    return slots_[static_cast<std::size_t>(number & mask_)];
  }
  [[nodiscard]] std::uint8_t* ts(const RtpSlot& slot, std::size_t index) {
    return buffers_[slot.buffer].data() + kRtpHeader + index * kTsPacket;
  }
  [[nodiscard]] RtpBuffer& buffer(const RtpSlot& slot) { return buffers_[slot.buffer]; }
  [[nodiscard]] const RtpBuffer& buffer(const RtpSlot& slot) const { return buffers_[slot.buffer]; }

  // Numbers of the first packet that waits, and behind the last that is closed.
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  // The first is sent; its memory is kept until reclaim().
  void pop() { ++begin_; }
  void reclaim() {
    for (; lent_ != begin_; ++lent_) free_[free_count_++] = slot(lent_).buffer;
  }
  // Only those that were due before `since` and have a number before `from`, and more when memory runs short.
  void reclaim(Time since, std::uint64_t from) {
    while (lent_ != begin_ && (free_count_ < kLeastFree || (lent_ < from && slot(lent_).due < since)))
      free_[free_count_++] = slot(lent_++).buffer;
  }
  // The number of the oldest packet that was sent and is still there.
  [[nodiscard]] std::uint64_t kept_from() const { return lent_; }

  [[nodiscard]] std::size_t capacity() const { return free_.size(); }
  [[nodiscard]] std::size_t available() const {
    return free_count_ + static_cast<std::size_t>(begin_ - lent_);
  }

 private:
  [[nodiscard]] std::uint8_t* begin(RtpSlot& slot, Time now) {
    slot.since = now;
    slot.due = Time::max();
    slot.first = written_;
    slot.buffer = free_[--free_count_];
    slot.packets = slot.pcr = 0;
    slot.key = false;
    return ts(slot, 0);
  }

  std::unique_ptr<RtpBuffer[]> buffers_;
  std::vector<std::uint32_t> free_;  // a stack
  std::size_t free_count_;
  std::uint64_t mask_;
  std::unique_ptr<std::byte[]> memory_;  // of the slots: not touched before it is needed
  RtpSlot* slots_;                       // a ring; its size is a power of two
  std::uint64_t lent_ = 0, begin_ = 0, end_ = 0;
  std::uint64_t written_ = 0;
  std::uint8_t* space_ = nullptr;  // of the open packet
  std::size_t room_ = 0;           // 0: none is open
};

}  // namespace wfdcast::stream
