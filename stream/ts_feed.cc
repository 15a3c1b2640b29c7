#include "stream/ts_feed.h"

#include <algorithm>

#include "stream/feed_pace.h"
#include "stream/rtp_queue.h"
#include "stream/ts_packet.h"
#include "stream/ts_reader.h"
#include "stream/ts_remap.h"

namespace wfdcast::stream {
namespace {

// A picture of 1.5 MB waits as a whole; a file of 50 Mbit/s for its lead.
constexpr std::size_t kLargestPicture = 1'500'000 / (kTsPacketsPerRtp * kTsPacket) + 1;
constexpr std::int64_t kFastestFile = 50'000'000 / 8;  // bytes a second
constexpr Duration kLongestLead = 2s;
// What may come in one push() after wants_bytes(): 128 KiB, with our own packets.
constexpr std::size_t kReserve = 120;

std::size_t queue_capacity(const TsFeed::Options& options) {
  const std::size_t most = kLargestPicture + options.keep_picture / sizeof(RtpBuffer);
  if (options.pace == TsFeed::Pace::Arrival) return most;
  const std::int64_t lead = std::clamp<Duration>(options.lead, 0ns, kLongestLead) / 1ms;
  return most + kReserve +
         static_cast<std::size_t>(lead * kFastestFile / 1000) / (kTsPacketsPerRtp * kTsPacket);
}

}  // namespace

struct TsFeed::Impl {
  explicit Impl(const Options& chosen)
      : options(chosen),
        queue(queue_capacity(chosen)),
        times(chosen, queue),
        remap(chosen.pace, queue, times, counters),
        packetizer(chosen.ssrc, chosen.first_sequence) {}

  void begin(Time now) {
    if (const auto first = times.due(); first && *first <= now) epoch = first;
  }
  // The packets that are due, as many as `out` holds.
  std::size_t send_due(Time now, std::span<ByteView> out) {
    std::size_t count = 0, short_by = 0;
    if (!epoch) begin(now);
    const Time began = epoch.value_or(now);
    for (ByteView& packet : out) {
      const RtpSlot* const slot = times.next(now);
      if (slot == nullptr) break;
      if (slot->key) key = queue.begin() - 1;
      RtpBuffer& buffer = queue.buffer(*slot);
      packetizer.write_header(timestamp(slot->due - began), buffer);
      std::size_t size = kMaxRtpPacket;
      if (slot->packets < kTsPacketsPerRtp) [[unlikely]] {
        if (filled) fill(queue.slot(queue.begin() - 1));
        size = kRtpHeader + slot->packets * kTsPacket;
        short_by += kMaxRtpPacket - size;
      }
      packet = ByteView(buffer.data(), size);
      ++count;
    }
    counters.packets += count;
    counters.bytes += count * kMaxRtpPacket - short_by;
    return count;
  }
  void fill(RtpSlot& slot) {
    for (; slot.packets < kTsPacketsPerRtp; ++slot.packets) {
      std::uint8_t* const packet = queue.ts(slot, slot.packets);
      std::fill_n(packet, kTsPacket, std::uint8_t{0xFF});
      store_be32(packet, 0x4700'0010 | std::uint32_t{kNullPid} << 8);
    }
  }
  void reclaim(Time now) {
    if (options.keep == 0ns && options.keep_picture == 0) return queue.reclaim();
    const std::size_t most = options.keep_picture / sizeof(RtpBuffer);
    const std::uint64_t end = queue.begin();
    const std::uint64_t from = key && end - *key < most ? *key : end;
    queue.reclaim(now - options.keep, std::min(from, held.value_or(end)));
  }
  void keep_awake(Time now) {
    const auto deadline = remap.psi_deadline();
    if (deadline && *deadline <= now) remap.repeat_psi(now);
  }
  [[nodiscard]] RtpTime timestamp(Duration since_epoch) const {
    return {options.first_timestamp + static_cast<std::uint32_t>(since_epoch.count() * 9 / 100'000)};
  }

  Options options;
  Counters counters;
  RtpQueue queue;
  FeedPace times;
  TsReader reader;
  TsRemap remap;
  RtpPacketizer packetizer;
  bool filled = false;
  std::optional<Time> epoch;               // when RTP time was first_timestamp
  std::optional<std::uint64_t> key, held;  // the packet with which the last key picture begins; see hold()
};

TsFeed::TsFeed(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
TsFeed::~TsFeed() = default;

void TsFeed::push(ByteView bytes, Time now) {
  impl_->reclaim(now);
  impl_->reader.push(bytes, [&](const std::uint8_t* packets, std::size_t count) {
    impl_->remap.receive(packets, count, now);
  });
  impl_->counters.resynchronised = impl_->reader.losses();
}

void TsFeed::restart(Time) {
  impl_->reader.reset();
  impl_->remap.restart();
}

void TsFeed::restart_at(std::int64_t pts, Time) {
  impl_->reader.reset();
  impl_->remap.restart_at(pts);
  impl_->key.reset();  // of a picture in another format
}

std::optional<std::int64_t> TsFeed::last_pts() const { return impl_->remap.last_pts(); }

void TsFeed::resume(Time now) { impl_->times.go_on(now); }

bool TsFeed::wants_bytes(Time now) const {
  if (impl_->options.pace == Pace::Arrival) return true;
  const auto until = impl_->times.until();
  return impl_->queue.available() >= kReserve && (!until || *until < now + impl_->options.lead);
}

std::span<const ByteView> TsFeed::take(Time now, std::span<ByteView> out) {
  impl_->reclaim(now);
  if (impl_->options.pace == Pace::Arrival) impl_->keep_awake(now);
  if (const auto deadline = impl_->times.hold_over(); deadline && *deadline <= now) impl_->queue.close(now);
  return out.first(impl_->send_due(now, out));
}

std::optional<ByteView> TsFeed::sent(std::uint16_t sequence) const {
  const auto back = static_cast<std::uint16_t>(impl_->packetizer.next_sequence() - sequence);
  return back <= taken() ? packet(taken() - back) : std::nullopt;
}

std::uint64_t TsFeed::taken() const { return impl_->queue.begin(); }

std::optional<std::uint64_t> TsFeed::key_picture() const {
  const bool kept = impl_->key && *impl_->key >= impl_->queue.kept_from();
  return kept ? impl_->key : std::nullopt;
}

std::optional<ByteView> TsFeed::packet(std::uint64_t number) const {
  const RtpQueue& queue = impl_->queue;
  if (number < queue.kept_from() || number >= queue.begin()) return std::nullopt;
  const RtpSlot& slot = queue.slot(number);
  return ByteView(queue.buffer(slot)).first(kRtpHeader + slot.packets * kTsPacket);
}

Time TsFeed::due(std::uint64_t number) const { return impl_->queue.slot(number).due; }

void TsFeed::set_keep(Duration keep) { impl_->options.keep = keep; }

void TsFeed::hold(std::optional<std::uint64_t> first) { impl_->held = first; }

void TsFeed::set_filled(bool filled) { impl_->filled = filled; }

std::uint16_t TsFeed::next_sequence() const { return impl_->packetizer.next_sequence(); }

std::optional<Time> TsFeed::next_deadline() const {
  const auto due = impl_->times.due();
  if (impl_->options.pace == Pace::Arrival) {
    return earliest(due, earliest(impl_->times.hold_over(), impl_->remap.psi_deadline()));
  }
  const auto until = impl_->times.until();
  return earliest(due, until ? std::optional(*until - impl_->options.lead) : std::nullopt);
}

RtpTime TsFeed::rtp_time(Time now) const { return impl_->timestamp(now - impl_->epoch.value_or(now)); }

const TsFeed::Counters& TsFeed::counters() const { return impl_->counters; }

}  // namespace wfdcast::stream
