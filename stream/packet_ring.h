#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

#include "base/bytes.h"
#include "base/time.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

// The packets between arrival and output, by running number. Memory is fixed;
// a page of it is touched only when that many packets are held at once.
class PacketRing {
 public:
  // Held at once: 50 Mbit/s for 400 ms are 1900 packets.
  static constexpr std::size_t kSlots = 2560;
  // With fewer free slots than this the oldest goes out before it is due.
  static constexpr std::size_t kReserve = 128;
  // Numbers that are remembered before the output's, and taken after it.
  static constexpr std::uint64_t kPast = 4096, kFuture = 12288;

  enum class Fate : std::uint8_t {
    Missing,    // can be inserted
    Duplicate,  // held, or gone out
    Passed,     // the output has gone past its place
    TooFar,     // beyond the ring's future
    NoRoom,
  };
  // The oldest packet held.
  struct Front {
    Duration media{};
    std::uint64_t missing = 0;  // that should have come out before it
    ByteView ts;
  };

  // A packet that is held, or went out a short while ago.
  struct Kept {
    RtpTime timestamp;
    ByteView ts;
  };

  // `keep`: how many of the last that went out can still be found. Repair from
  // parity needs them.
  explicit PacketRing(std::size_t keep = 0);

  [[nodiscard]] Fate fate(std::uint64_t index) const;
  // For a packet whose fate is Missing; `skipped` are missing before it beyond numbers.
  void insert(std::uint64_t index, ByteView ts, Duration media, std::uint32_t skipped,
              RtpTime timestamp = {});
  // A late packet whose place was passed: its next copy is a duplicate.
  void remember(std::uint64_t index);
  [[nodiscard]] std::optional<Front> front() const;
  // Lets the front go; its bytes stay valid until the next insert().
  void pop();
  [[nodiscard]] std::optional<Kept> find(std::uint64_t index) const;
  // The number that the output waits for.
  [[nodiscard]] std::uint64_t head() const { return head_; }

  [[nodiscard]] bool empty() const { return free_count_ + kept_count_ == kSlots; }
  [[nodiscard]] bool crowded() const { return free_count_ + kept_count_ < kReserve; }

 private:
  enum class State : std::uint8_t { Missing, Held, Kept, Gone };
  struct Entry {
    std::uint32_t index;  // low bits; another one: the entry is from an earlier round
    std::uint16_t slot;
    State state;
  };
  // Without initialisers, so that making the array touches nothing.
  struct Slot {
    Duration::rep media;
    std::uint32_t skipped;
    std::uint32_t timestamp;  // RtpTime has an initialiser
    std::uint16_t size;
    std::array<std::uint8_t, kTsPacketsPerRtp * kTsPacket> bytes;
  };
  static_assert(std::is_trivially_default_constructible_v<Slot>);
  static constexpr std::uint64_t kEntries = kPast + kFuture;
  static_assert((kEntries & (kEntries - 1)) == 0);

  [[nodiscard]] Entry& entry(std::uint64_t index) { return entries_[index % kEntries]; }
  [[nodiscard]] State state(std::uint64_t index) const;
  void find_first(std::uint64_t from);
  void forget_kept(std::size_t most);

  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<Slot[]> slots_;
  std::array<std::uint16_t, kSlots> free_;  // a stack: few slots in use stay in the cache
  std::size_t free_count_ = kSlots;
  std::size_t keep_, kept_count_ = 0;
  std::uint64_t kept_from_ = 0;  // no older one is kept
  enum class Output : std::uint8_t { Unknown, Open, Begun } output_ = Output::Unknown;
  std::uint64_t head_ = 0;   // the number that the output waits for
  std::uint64_t first_ = 0;  // the oldest held; head_ or later
  std::uint64_t last_ = 0;   // the newest ever held
};

}  // namespace wfdcast::stream
