#include "stream/ts_remap.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "stream/h264.h"

namespace wfdcast::stream {
namespace {

// PAT and PMT come at most 100 ms apart, PCR too (ISO 13818-1 section 2.7.2).
// These leave time for a picture's gap and for pacing.
constexpr Duration kPsiInterval = 60ms;
constexpr Duration kPsiLimit = 90ms;
constexpr Duration kPsiSilence = 80ms;
constexpr Duration kPcrInterval = 30ms;
constexpr Duration kPcrDensest = 15ms;
// How often the clock is looked at, in the time of the program.
constexpr Duration kLook = 5ms;
// A live input that says nothing for so long is not there.
constexpr Duration kSilence = 1s;

constexpr std::uint32_t kAdaptationBit = 0x20;
constexpr std::uint32_t kPayloadStartBit = 0x0040'0000;

constexpr std::size_t kWholeRtp = kTsPacketsPerRtp * kTsPacket;

// The clock has its own PID, and what else stands behind the flags refers to
// the old clock or the old splices: only "random access" and "priority" stay.
void clean_adaptation(std::uint8_t* packet) {
  const std::size_t length = packet[4];
  if (length == 0) return;
  packet[5] &= 0x60;
  std::memset(packet + 6, 0xFF, length - 1);
}

}  // namespace

void TsRemap::receive(const std::uint8_t* packets, std::size_t count, Time now) {
  counters_.ts_packets += count;
  last_arrival_ = now;
  while (count > 0) {
    std::size_t done = copy_whole(packets, count, now);
    if (done == 0) done = copy_some(packets, count, now);
    if (done == 0) {
      receive_one(packets, now);
      done = 1;
    }
    packets += done * kTsPacket;
    count -= done;
  }
}

// The fast path: RTP packets from the middle of a picture. How many TS packets were taken.
std::size_t TsRemap::copy_whole(const std::uint8_t* packets, std::size_t count, Time now) {
  if (!video_.expected || queue_.is_open()) return 0;
  RtpQueue& queue = queue_;
  const std::uint8_t* from = packets;
  std::uint8_t expected = *video_.expected, next = video_.next;
  std::uint8_t* last = nullptr;
  for (; count >= kTsPacketsPerRtp; count -= kTsPacketsPerRtp) {
    if (!video_.theirs.whole_run(from, expected)) break;
    if (queue.written() >= next_look_) {
      look_at_clock(now);
      if (queue.is_open()) break;
    }
    std::uint8_t* const out = queue.append(now);
    if (out == nullptr) break;
    std::copy_n(from, kWholeRtp, out);
    video_.ours.put_whole(out, next);
    last = out;
    advance_continuity(expected, kTsPacketsPerRtp);
    advance_continuity(next, kTsPacketsPerRtp);
    from += kWholeRtp;
  }
  if (last != nullptr) video_.last = last + kWholeRtp - kTsPacket;
  video_.expected = expected;
  video_.next = next;
  return static_cast<std::size_t>(from - packets) / kTsPacket;
}

// Plain packets up to the end of the RTP packet that is open, or is begun.
std::size_t TsRemap::copy_some(const std::uint8_t* packets, std::size_t count, Time now) {
  if (!video_.expected || video_.theirs.run(packets, 1, *video_.expected) == 0) return 0;
  std::size_t run = 1;
  if (std::uint8_t* const out = space(now)) {
    run = video_.theirs.run(packets, std::min(count, queue_.room()), *video_.expected);
    std::copy_n(packets, run * kTsPacket, out);
    video_.ours.put(out, run, video_.next);
    video_.last = out + (run - 1) * kTsPacket;
    advance_continuity(video_.next, run);
    queue_.commit(run, now);
  }
  advance_continuity(*video_.expected, run);
  return run;
}

void TsRemap::receive_one(const std::uint8_t* bytes, Time now) {
  const auto packet = parse_ts_packet(bytes);
  if (!packet || packet->header.transport_error() || packet->header.scrambled()) {
    ++counters_.dropped;
    return;
  }
  const std::uint16_t pid = packet->header.pid();
  if (reader_.is_psi(pid)) {
    if (reader_.receive(*packet)) adopt(*reader_.program(), now);
    return;
  }
  TsTrack* const track = pid == video_.pid ? &video_ : pid == audio_.pid ? &audio_ : nullptr;
  if (pid == kNullPid || (track == nullptr && pid != pcr_pid_)) {
    ++counters_.dropped;
    return;
  }
  if (begin_at_ && !begins(track, *packet)) return;
  if (pid == pcr_pid_) {
    if (const auto pcr = packet->pcr()) reference(*pcr, packet->discontinuity(), now);
  }
  if (track != nullptr && !packet->payload.empty()) elementary(*track, *packet, bytes, now);
}

void TsRemap::adopt(const Program& program, Time now) {
  const auto retarget = [](TsTrack& track, std::uint16_t pid, std::uint16_t ours) {
    if (track.pid != pid) track.expected.reset();
    track.pid = pid;
    track.theirs = PlainHeaders(pid);
    track.ours = PlainHeaders(ours);
  };
  retarget(video_, program.video.value_or(kNullPid), kVideoPid);
  retarget(audio_, program.audio ? program.audio->pid : kNullPid, kAudioPid);
  if (program.audio) audio_format_ = program.audio->format;
  pcr_pid_ = program.pcr_pid;
  ready_ = program.video || program.audio;
  writer_.set_program(program);
  if (ready_) write_psi(now);
}

void TsRemap::reference(Ticks27 pcr, bool broken, Time now) {
  if (!times_.reference(pcr_plus(pcr, later_ * 300), now) || broken) jumped_ = true;
  settle(psi_);
  settle(pcr_);
  next_look_ = 0;
  if (!ready_) return;
  const Time at = times_.estimate(now);
  if (is_over(psi_, kPsiLimit - times_.reference_interval(), at)) write_psi(now);
  if (is_over(pcr_, kPcrDensest, at) || jumped_) write_pcr(now);
}

void TsRemap::elementary(TsTrack& track, const TsPacket& packet, const std::uint8_t* bytes, Time now) {
  if (!follows(track, packet)) {
    ++counters_.dropped;
    return;
  }
  std::optional<PesHeader> header;
  if (packet.header.payload_start()) {
    header = parse_pes_header(packet.payload);
    if (!header && later_ != 0) {  // its time stamps could not be moved
      ++counters_.dropped;
      return;
    }
    look_at_pes(track, packet, header, now);
  }
  if (pace_ == TsFeed::Pace::Pcr && &track == &audio_) {
    join_.audio(header ? &*header : nullptr, packet.payload, audio_format_);
  }
  std::uint8_t* const out = space(now);
  if (out == nullptr) return;
  copy(track, packet, bytes, out);
  if (header && later_ != 0) {
    const std::size_t offset = kTsPacket - packet.payload.size();
    shift_timestamps(ByteSpan(out + offset, packet.payload.size()), later_);
  }
  queue_.commit(1, now);
}

// Keeps the input's continuity counter; false: the packet is sent twice.
bool TsRemap::follows(TsTrack& track, const TsPacket& packet) {
  const std::uint8_t continuity = packet.header.continuity();
  if (track.expected && !packet.discontinuity()) {
    const unsigned missed = (continuity - *track.expected) & kContinuity;
    const std::size_t compared = packet.payload.size();
    if (missed == kContinuity && track.last != nullptr &&
        std::memcmp(track.last + kTsPacket - compared, packet.payload.data(), compared) == 0) {
      return false;
    }
    if (missed != 0) ++counters_.discontinuities;
  }
  track.expected = continuity;
  advance_continuity(*track.expected, 1);
  return true;
}

void TsRemap::look_at_pes(const TsTrack& track, const TsPacket& packet,
                          const std::optional<PesHeader>& header, Time now) {
  if (&track != &video_) return;
  const PictureStart picture = look_at_picture(packet.payload.subspan(header ? header->size : 0));
  if (picture.profile) writer_.set_profile(*picture.profile);
  if (picture.key || packet.random_access()) {
    const bool just_written = psi_end_ == queue_.written() && psi_.number >= queue_.begin();
    if (!just_written) write_psi(now);
    queue_.slot(psi_.number).key = true;
  }
  if (header && header->pts) last_pts_ = timestamp_plus(*header->pts, later_);
  if (header && pace_ == TsFeed::Pace::Pcr) join_.video_pes(*header);
}

void TsRemap::copy(TsTrack& track, const TsPacket& packet, const std::uint8_t* bytes,
                   std::uint8_t* out) const {
  std::memcpy(out, bytes, kTsPacket);
  const std::uint32_t flags = packet.header.value & (kPayloadStartBit | kAdaptationBit);
  store_be32(out, plain_header(&track == &video_ ? kVideoPid : kAudioPid) | flags | track.next);
  if (packet.header.has_adaptation()) clean_adaptation(out);
  advance_continuity(track.next, 1);
  track.last = out;
}

void TsRemap::restart() {
  later_ = timestamp_plus(later_, join_.finish());
  reader_.reset();
  video_.expected.reset();
  audio_.expected.reset();
}

void TsRemap::restart_at(Ticks90 pts) {
  restart();
  begin_at_ = pts;
}

bool TsRemap::begins(const TsTrack* track, const TsPacket& packet) {
  const TsTrack& first = video_.pid == kNullPid ? audio_ : video_;
  if (track != &first || !packet.header.payload_start()) return false;
  const auto header = parse_pes_header(packet.payload);
  if (!header || !header->pts) return false;
  later_ = timestamp_difference(*begin_at_, *header->pts);
  begin_at_.reset();
  jumped_ = true;
  return true;
}

std::uint8_t* TsRemap::space(Time now) {
  return queue_.is_open() || begin_packet(now) ? queue_.space() : nullptr;
}

bool TsRemap::begin_packet(Time now) {
  if (queue_.available() > 0) {
    if (queue_.written() >= next_look_) look_at_clock(now);
    return queue_.is_open() || queue_.open(now);
  }
  if (lost_++ % kTsPacketsPerRtp == 0) ++counters_.overruns;
  return false;
}

void TsRemap::look_at_clock(Time now) {
  times_.make_room(now);
  next_look_ = queue_.written() + std::max<std::uint64_t>(times_.packets_in(kLook), 1);
  if (!ready_) return;
  const Time at = times_.estimate(now);
  if (is_over(psi_, kPsiInterval, at)) write_psi(now);
  if (is_over(pcr_, kPcrInterval, at)) write_pcr(now);
}

void TsRemap::write_psi(Time now) {
  psi_ = {.number = queue_.end(), .at = times_.estimate(now), .certain = false};
  if (std::uint8_t* const out = space(now)) {
    writer_.write_pat(out);
    queue_.commit(1, now);
  }
  if (std::uint8_t* const out = space(now)) {
    writer_.write_pmt(out);
    queue_.commit(1, now);
  }
  psi_end_ = queue_.written();
}

void TsRemap::write_pcr(Time now) {
  if (!times_.has_clock()) return;
  pcr_ = {.number = queue_.end(), .at = times_.estimate(now), .certain = false};
  std::uint8_t* const out = space(now);
  if (out == nullptr) return;
  RtpSlot& slot = queue_.slot(queue_.end());
  if (slot.pcr != 0) return;
  writer_.write_pcr(out, jumped_);
  jumped_ = false;
  slot.pcr = static_cast<std::uint8_t>(kTsPacketsPerRtp - queue_.room() + 1);
  times_.pcr_written();
  queue_.commit(1, now);
}

// The time of a mark is an estimate until its packet's due time is known.
void TsRemap::settle(Mark& mark) const {
  if (mark.certain || !mark.at) return;
  if (const auto at = times_.certain(mark.number)) {
    mark.at = at;
    mark.certain = true;
  }
}

std::optional<Time> TsRemap::psi_deadline() const {
  if (!ready_ || !psi_.at || !last_arrival_) return std::nullopt;
  const Time deadline = *psi_.at + kPsiSilence;
  return deadline < *last_arrival_ + kSilence ? std::optional(deadline) : std::nullopt;
}

void TsRemap::repeat_psi(Time now) {
  write_psi(now);
  write_pcr(now);
}

}  // namespace wfdcast::stream
