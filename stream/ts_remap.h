#pragma once

#include <cstdint>
#include <optional>

#include "stream/feed_pace.h"
#include "stream/loop_join.h"
#include "stream/program_writer.h"
#include "stream/psi.h"
#include "stream/rtp_queue.h"
#include "stream/ts_track.h"

namespace wfdcast::stream {

// Turns the TS packets of any program into those of a WFD program, in the
// packets of an RtpQueue: other PIDs, our PSI and PCR, continuity counters
// without a gap, and time stamps that run on when a file starts over.
class TsRemap {
 public:
  TsRemap(TsFeed::Pace pace, RtpQueue& queue, FeedPace& times, TsFeed::Counters& counters)
      : pace_(pace), queue_(queue), times_(times), counters_(counters) {}

  // `count` whole packets, each with its sync byte.
  void receive(const std::uint8_t* packets, std::size_t count, Time now);
  // The file starts over.
  void restart();
  // What comes next has other time stamps: its first picture gets this one, what is before it is dropped.
  void restart_at(Ticks90 pts);
  [[nodiscard]] std::optional<Ticks90> last_pts() const { return last_pts_; }
  // When PSI must be repeated although the input is silent; and doing so.
  [[nodiscard]] std::optional<Time> psi_deadline() const;
  void repeat_psi(Time now);

 private:
  // Where PSI or a PCR was sent last, and when.
  struct Mark {
    std::uint64_t number = 0;
    std::optional<Time> at;
    bool certain = false;
  };

  [[nodiscard]] std::size_t copy_whole(const std::uint8_t* packets, std::size_t count, Time now);
  [[nodiscard]] std::size_t copy_some(const std::uint8_t* packets, std::size_t count, Time now);
  void receive_one(const std::uint8_t* bytes, Time now);
  void adopt(const Program& program, Time now);
  void reference(Ticks27 pcr, bool broken, Time now);
  void elementary(TsTrack& track, const TsPacket& packet, const std::uint8_t* bytes, Time now);
  [[nodiscard]] bool follows(TsTrack& track, const TsPacket& packet);
  void look_at_pes(const TsTrack& track, const TsPacket& packet, const std::optional<PesHeader>& header,
                   Time now);
  void copy(TsTrack& track, const TsPacket& packet, const std::uint8_t* bytes, std::uint8_t* out) const;

  // Where the next TS packet goes; nullptr: no memory is left.
  [[nodiscard]] std::uint8_t* space(Time now);
  [[nodiscard]] bool begin_packet(Time now);
  // PSI and PCR where it is time for them.
  void look_at_clock(Time now);
  // The picture, or where there is none the sound, that begin_at_ is about.
  [[nodiscard]] bool begins(const TsTrack* track, const TsPacket& packet);
  void write_psi(Time now);
  void write_pcr(Time now);
  void settle(Mark& mark) const;
  [[nodiscard]] static bool is_over(const Mark& mark, Duration age, Time at) {
    return !mark.at || at - *mark.at >= age;
  }

  TsFeed::Pace pace_;
  RtpQueue& queue_;
  FeedPace& times_;
  TsFeed::Counters& counters_;
  ProgramReader reader_;
  ProgramWriter writer_;
  bool ready_ = false;  // a program is known
  TsTrack video_, audio_;
  AudioFormat audio_format_ = AudioFormat::Aac;
  std::uint16_t pcr_pid_ = kNullPid;
  Mark psi_, pcr_;
  std::uint64_t next_look_ = 0;  // how much is written when the clock matters again
  std::uint64_t psi_end_ = 0;    // how much was written when PSI was complete
  std::optional<Time> last_arrival_;
  bool jumped_ = false;     // the next PCR does not follow the last one
  std::uint64_t lost_ = 0;  // TS packets for which there was no memory
  LoopJoin join_;
  Ticks90 later_ = 0;  // this pass of the file, or this run of a live input
  std::optional<Ticks90> begin_at_, last_pts_;
};

}  // namespace wfdcast::stream
