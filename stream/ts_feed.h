#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/time.h"
#include "stream/rtp.h"
#include "wfd/stream_format.h"

namespace wfdcast::stream {

// MPEG-TS bytes in, RTP packets out when they are due: the source's media path.
//
// The input is cut and resynchronised at 0x47; its PSI is read and replaced by
// our own, its PIDs are moved to those of WFD (reference 5.1: PMT 0x0100, PCR
// 0x1000, video 0x1011, audio 0x1100), PAT and PMT come before each IDR and at
// most 100 ms apart, PCR on its own PID; elementary payload is not touched.
// Everything else (null packets, other programs) is dropped and counted. When a
// file starts over, PCR, PTS, DTS and continuity counters run on.
//
// Memory is fixed at construction; nothing is allocated a packet.
class TsFeed {
 public:
  enum class Pace {
    Pcr,      // a file: packets are due when their PCR says so
    Arrival,  // a live input: at once, a burst spread by `spread`
  };
  struct Options {
    Pace pace = Pace::Arrival;
    Ssrc ssrc;
    std::uint16_t first_sequence = 0;
    std::uint32_t first_timestamp = 0;  // RTP time of the first packet
    Duration hold = 5ms;           // Arrival: the longest that a short RTP packet waits for more TS packets
    Duration lead = 200ms;         // Pcr: how far ahead of the clock bytes are wanted
    Duration spread = 8ms;         // Arrival: a burst (a picture) is sent within this
    Duration keep{};               // how long a sent packet can be had again
    std::size_t keep_picture = 0;  // all since the last key picture too, up to so many bytes
  };
  struct Counters {
    std::uint64_t packets = 0, bytes = 0;  // RTP, bytes with header
    std::uint64_t ts_packets = 0;          // taken from the input
    std::uint64_t resynchronised = 0;      // times 0x47 was lost
    std::uint64_t dropped = 0;             // TS packets of unknown PIDs, errors, null packets
    std::uint64_t discontinuities = 0;     // continuity counters of the input
    std::uint64_t overruns = 0;            // RTP packets lost because the owner took too little
  };

  explicit TsFeed(const Options& options);
  ~TsFeed();

  // Any split of the byte stream.
  void push(ByteView bytes, Time now);
  // The file is over; what is pushed next is its beginning again.
  void restart(Time now);
  // A live input starts over; its first picture will have the time stamp `pts`.
  void restart_at(std::int64_t pts, Time now);
  // Of the last picture, as it was sent: 90 kHz, 33 bits.
  [[nodiscard]] std::optional<std::int64_t> last_pts() const;
  // The owner was paused: the clock goes on from here.
  void resume(Time now);
  // Pcr: less than `lead` is waiting. Arrival: always.
  [[nodiscard]] bool wants_bytes(Time now) const;

  // The packets that are due, at most as many as `out` holds; they stay valid
  // until the next push() or take().
  [[nodiscard]] std::span<const ByteView> take(Time now, std::span<ByteView> out);
  // A packet that was taken at most `keep` ago (less where memory is short), with
  // its RTP header; valid as those of take().
  [[nodiscard]] std::optional<ByteView> sent(std::uint16_t sequence) const;
  [[nodiscard]] std::uint16_t next_sequence() const;
  // Packets by their number, the first that was taken has 0: how many were taken, ...
  [[nodiscard]] std::uint64_t taken() const;
  // ... the one in which the last key picture begins, while all since then are kept, and one of those that
  // are.
  [[nodiscard]] std::optional<std::uint64_t> key_picture() const;
  [[nodiscard]] std::optional<ByteView> packet(std::uint64_t number) const;
  // When that one was due; of those of the last take().
  [[nodiscard]] Time due(std::uint64_t number) const;
  // From now on instead of Options::keep.
  void set_keep(Duration keep);
  // Keeps what is from here on as long as memory allows, another key picture or not.
  void hold(std::optional<std::uint64_t> first);
  // Whether short RTP packets are filled with null packets from now on: ST 2022-1
  // wants all of one size.
  void set_filled(bool filled);
  // When the next packet is due, or more bytes are wanted.
  [[nodiscard]] std::optional<Time> next_deadline() const;
  // RTP time of `now`, for RTCP sender reports.
  [[nodiscard]] RtpTime rtp_time(Time now) const;
  [[nodiscard]] const Counters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a TS holds, from its first bytes: PAT, PMT, H.264 SPS (size, rate,
// profile, level) and audio stream type. nullopt: nothing that WFD can carry
// was found in `head`. A video size and rate outside the WFD tables leaves
// `format.video` empty and says so in `note`.
struct TsProbe {
  StreamFormat format;
  std::string note;
};
[[nodiscard]] std::optional<TsProbe> probe_ts(ByteView head);

}  // namespace wfdcast::stream
