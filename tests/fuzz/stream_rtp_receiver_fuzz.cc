// A hostile sender, both paths, and an owner who calls in any order. Each input
// is a list of operations; packets carry a serial number, so that the output
// can be checked: nothing twice, in sequence, and never more than came in.
#include <cstdlib>
#include <set>

#include "stream/rtp_receiver.h"

using namespace wfdcast;
using namespace wfdcast::stream;

namespace {

constexpr std::uint32_t kMedia = 0x10;
constexpr std::uint64_t kMostSent = 10'000;  // more is only slow

class Fuzz {
 public:
  explicit Fuzz(ByteView input) : in_(input) {
    receiver_.emplace(RtpReceiver::Options{
        .ssrc = {2}, .media = std::nullopt, .latency = std::chrono::milliseconds(in_.u8() * 2)});
  }

  void run() {
    while (in_.remaining() > 0 && sent_ < kMostSent) step(in_.u8());
    const auto counters = receiver_->counters(now_);
    require(given_.size() <= counters.received);
    require(counters.received + counters.duplicates + counters.foreign + counters.overflow == sent_);
  }

 private:
  static void require(bool held) {
    if (!held) std::abort();
  }

  void step(std::uint8_t operation) {
    switch (operation % 16) {
      case 0:
        return receiver_->expect(Delivery::Unicast);
      case 1:
        return receiver_->expect(Delivery::Multicast);
      case 2:
        return receiver_->compare_group(now_);
      case 3:
        return receiver_->await_unicast(now_);
      case 4:
        return receiver_->pause(now_);
      case 5:
        return receiver_->resume(now_);
      case 6:
        return receiver_->sender_report({.ssrc = {kMedia}, .ntp = in_.u32()}, now_);
      case 7:
        return report();
      case 8:
        now_ += std::chrono::milliseconds(in_.u16());
        return;
      case 9:
        sequence_ = in_.u16();
        return;
      case 10:
        timestamp_ = in_.u32();
        return;
      case 11:
        return raw();
      case 12:
        return burst(in_.u8());
      default:
        return packet(operation);
    }
  }

  // In sequence but for a small step, by one path or both.
  void packet(std::uint8_t operation) {
    const auto shift = static_cast<std::uint16_t>(static_cast<std::int8_t>(in_.u8()));
    sequence_ = static_cast<std::uint16_t>(sequence_ + 1);
    timestamp_ += 90;
    now_ += 1ms;
    const auto sequence = static_cast<std::uint16_t>(sequence_ + shift);
    send(sequence, (operation & 0x10) != 0 ? Delivery::Multicast : Delivery::Unicast);
    if ((operation & 0x20) != 0) send(sequence, Delivery::Multicast);
    if ((operation & 0x40) != 0) take();
  }

  void burst(std::uint8_t count) {
    for (int i = 0; i < count * 8; ++i) {
      sequence_ = static_cast<std::uint16_t>(sequence_ + 1);
      send(sequence_, Delivery::Unicast);
    }
    take();
  }

  void send(std::uint16_t sequence, Delivery path) {
    std::array<std::uint8_t, kRtpHeader + kTsPacket> bytes{};
    ByteWriter out(bytes);
    out.u8(0x80);
    out.u8(kPayloadTypeMp2t);
    out.u16(sequence);
    out.u32(timestamp_);
    out.u32(kMedia);
    out.u16(sequence);
    out.u64(++serial_);
    ++sent_;
    check(receiver_->receive(bytes, path, now_));
  }

  // Any bytes; a serial number of zero if they should be taken.
  void raw() {
    const auto bytes = in_.bytes(std::min<std::size_t>(in_.u8() * 8, in_.remaining()));
    ++sent_;
    check(receiver_->receive(bytes, Delivery::Unicast, now_));
  }

  void take() {
    receiver_->take(now_, [&](ByteView ts) {
      ByteReader in(ts);
      const std::uint16_t sequence = in.u16();
      const std::uint64_t serial = in.u64();
      require(ts.size() % kTsPacket == 0 && !ts.empty());
      if (serial == 0 || serial > serial_) return;
      require(given_.insert(serial).second);
      const auto ahead = static_cast<std::int16_t>(static_cast<std::uint16_t>(sequence - last_));
      // Backward only by a restart, which is far. Losses between can hide how far.
      require(given_.size() == 1 || ahead > 0 || ahead < -SequenceTracker::kMaxJump / 4);
      last_ = sequence;
    });
    check(receiver_->tick(now_));
    // What is taken and ticked leaves nothing due but a lost picture's delay.
    const auto deadline = receiver_->next_deadline();
    require(!deadline || *deadline > now_ || *deadline == Time{} || ticks_again());
  }
  // A watch that asks once a second may have fallen behind: a few ticks settle it.
  bool ticks_again() {
    for (int i = 0; i < 4; ++i) check(receiver_->tick(now_));
    const auto deadline = receiver_->next_deadline();
    return !deadline || *deadline > now_;
  }

  void report() {
    (void)receiver_->report_block(now_);
    (void)receiver_->playout_report(now_);
    take();
  }

  static void check(const std::vector<ReceiverEvent>& events) { require(events.size() <= 4); }

  ByteReader in_;
  std::optional<RtpReceiver> receiver_;
  Time now_{1000s};
  std::uint16_t sequence_ = 0, last_ = 0;
  std::uint32_t timestamp_ = 0;
  std::uint64_t serial_ = 0, sent_ = 0;
  std::set<std::uint64_t> given_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4096) Fuzz(ByteView(data, size)).run();
  return 0;
}
