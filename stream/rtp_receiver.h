#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "stream/fec_decoder.h"
#include "stream/loss_requests.h"
#include "stream/packet_ring.h"
#include "stream/parity_decoder.h"
#include "stream/path_watch.h"
#include "stream/picture_watch.h"
#include "stream/playout_clock.h"
#include "stream/receiver_event.h"
#include "stream/reception_statistics.h"
#include "stream/rtcp.h"
#include "stream/rtp.h"
#include "stream/sequence_tracker.h"
#include "stream/silence.h"
#include "stream/source_clock.h"
#include "wfd/transport.h"

namespace wfdcast::stream {

// The sink's media path: RTP packets from two paths in, TS out in order and at
// a steady delay. Duplicates (also the same packet by both paths) are dropped
// by sequence. A gap is known by a later packet; by silence only when that is
// longer than this network's are, and almost too long for repair. Memory is
// fixed; nothing is allocated a packet.
class RtpReceiver {
 public:
  struct Options {
    Ssrc ssrc;                  // ours, for reports; even
    std::optional<Ssrc> media;  // what RTSP named; nullopt: the first one seen is kept
    Duration latency = 150ms;
    bool repair = false;     // lost packets are asked for: see next_request()
    bool fec = false;        // receive_fec() will be called
    std::uint64_t seed = 1;  // of the waits before that
    bool sync = false;       // packets are due `latency` after they were sent: see clock_exchange()
  };
  struct Counters {
    std::uint64_t received = 0;                                      // distinct packets
    std::uint64_t lost = 0;                                          // still missing when due at the output
    std::uint64_t recovered = 0;                                     // brought back by repair, in time
    std::uint64_t by_retransmission = 0, by_parity = 0, by_fec = 0;  // the same, by means
    std::uint64_t late = 0;  // came after they were due: given out at once, or lost if passed
    std::uint64_t duplicates = 0;
    std::uint64_t foreign = 0;   // another SSRC, payload type or sequence, not RTP, not TS
    std::uint64_t overflow = 0;  // no room in memory
    std::uint64_t bytes = 0;     // of TS that went out
    Duration jitter{};           // RFC 3550 appendix A.8
    Duration delay{};            // from arrival (least) to output
    Duration buffered{};         // between the newest and the next due packet
  };

  explicit RtpReceiver(const Options& options);

  // One datagram. The caller has checked address and port.
  [[nodiscard]] std::vector<ReceiverEvent> receive(ByteView datagram, Delivery path, Time now);
  void sender_report(const SenderReport& report, Time now);
  // One parity packet (parity.h).
  [[nodiscard]] std::vector<ReceiverEvent> receive_parity(ByteView datagram, Time now);
  // One FEC packet of ST 2022-1, of a row or a column (fec.h).
  void receive_fec(ByteView datagram, Time now);

  // What is missing and is to be asked for now, to be sent at once; nullopt:
  // nothing. next_deadline() says when there may be something.
  [[nodiscard]] std::optional<Nack> next_request(Time now);
  // From an echo; and how many share the group (GroupSize), which decides how
  // long its source gathers requests, and how long we wait before ours.
  void round_trip(Duration round_trip);
  void group_size(std::uint32_t members);

  // We asked for the source's clock and had the answer, which was sent at `source` by it.
  void clock_exchange(Time asked, Time answered, NtpTime source);

  // Which paths are expected from now on.
  void expect(Delivery path);    // one path only
  void compare_group(Time now);  // unicast runs, the group was joined as well
  void await_unicast(Time now);  // the group runs, unicast will come as well
  void pause(Time now);          // silence is right
  void resume(Time now);

  // Calls `out(ByteView ts)` for each packet whose time has come, or comes
  // within kTogether. next_deadline() is kTogether after the first of them is
  // due, so one wake-up serves 2 ms of packets and none is off by more than 1.
  static constexpr Duration kTogether = 1ms;
  template <class Out>
  void take(Time now, Out&& out) {
    while (const auto ts = next_due(now)) out(*ts);
  }
  [[nodiscard]] std::vector<ReceiverEvent> tick(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // The block for our RR, and what our APP packet says. Each call ends one
  // interval of fraction_lost, or of longest_run.
  [[nodiscard]] std::optional<ReportBlock> report_block(Time now);
  [[nodiscard]] PlayoutReport playout_report(Time now);
  [[nodiscard]] Counters counters(Time now) const;

 private:
  // An output that stood still this long begins a new time line.
  static constexpr Duration kDry = 1s;
  static constexpr Duration kPictureLostInterval = 500ms;

  [[nodiscard]] std::optional<ByteView> next_due(Time now);
  [[nodiscard]] bool ours(const RtpPacket& packet);
  void keep(const RtpPacket& packet, const SequenceTracker::Place& place, Time now);
  // `before`: the media time of the newest packet before this one.
  void note_gap(const SequenceTracker::Place& place, Duration before, Time now);
  void miss(std::uint64_t to, Time before, Time after, Time now);
  void presume_lost(Time now);
  enum class Means : std::uint8_t { Retransmission, Parity, Fec };
  void count_recovered(Means means);
  void recovered(std::uint64_t index, RtpTime timestamp, ByteView ts, Means means, Time now);
  void solve(Time now);
  void synchronise();
  void report_loss(Time now, std::vector<ReceiverEvent>& events);

  Options options_;
  std::optional<Ssrc> media_;
  Counters counters_;
  SequenceTracker sequence_;
  PacketRing ring_;
  PlayoutClock clock_;
  SourceClock source_clock_;
  ReceptionStatistics statistics_;
  PathWatch watch_;
  PictureWatch pictures_;
  LossRequests losses_;
  std::optional<ParityDecoder> parity_;  // from the first parity packet on
  std::optional<FecDecoder> fec_;        // the same
  Silence silence_;
  std::uint64_t longest_run_ = 0;
  std::uint64_t expected_ = 0;  // the index after the newest
  std::uint64_t presumed_ = 0;  // what is before that and missing was given to losses_, seen or presumed
  Time last_packet_{};
  enum class Picture : std::uint8_t { Whole, Lost } picture_ = Picture::Whole;
  Time next_picture_lost_{};  // the earliest
};

}  // namespace wfdcast::stream
