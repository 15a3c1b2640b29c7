#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "stream/rtcp.h"
#include "stream/rtp.h"
#include "wfd/transport.h"

namespace wfdcast::stream {

// A move to the group was compared with unicast for at least 500 packets (or
// 2 s and 50 packets): the group's copy can take over, or not.
struct GroupFit { std::string detail; };    // "lag=3ms lost=0 of=500"
struct GroupUnfit { std::string detail; };  // why: "lag 180 ms does not fit latency 150 ms"
struct GroupSilent {};    // nothing from the group for 300 ms while it is the only path
struct GroupMissing {};   // joined, and nothing for 1 s: send the membership report again
struct UnicastArrived {}; // the first packet of the unicast copy, while returning
struct PictureLost {};    // a loss reached the output: ask for an IDR
using ReceiverEvent = std::variant<GroupFit, GroupUnfit, GroupSilent, GroupMissing, UnicastArrived, PictureLost>;

// The sink's media path: RTP packets from two paths in, TS out in order and at
// a steady delay. Duplicates (also the same packet by both paths) are dropped
// by sequence. A gap is known by a later packet, never by silence: Wi-Fi holds
// group frames for 100-300 ms. Memory is fixed; nothing is allocated a packet.
class RtpReceiver {
 public:
  struct Options {
    Ssrc ssrc;                 // ours, for reports; even
    std::optional<Ssrc> media; // what RTSP named; nullopt: the first one seen is kept
    Duration latency = 150ms;
  };
  struct Counters {
    std::uint64_t received = 0;    // distinct packets
    std::uint64_t lost = 0;        // still missing when due at the output
    std::uint64_t recovered = 0;   // brought back by repair
    std::uint64_t late = 0;        // came after they were due
    std::uint64_t duplicates = 0;
    std::uint64_t foreign = 0;     // another SSRC or payload type, or not RTP
    std::uint64_t bytes = 0;       // of TS that went out
    Duration jitter{};             // RFC 3550 appendix A.8
    Duration delay{};              // from arrival (least) to output
    Duration buffered{};           // between the newest and the next due packet
  };

  explicit RtpReceiver(const Options& options);
  ~RtpReceiver();

  // One datagram. The caller has checked address and port.
  [[nodiscard]] std::vector<ReceiverEvent> receive(ByteView datagram, Delivery path, Time now);
  void sender_report(const SenderReport& report, Time now);

  // Which paths are expected from now on.
  void expect(Delivery path);   // one path only
  void compare_group(Time now); // unicast runs, the group was joined as well
  void await_unicast(Time now); // the group runs, unicast will come as well
  void pause(Time now);         // silence is right
  void resume(Time now);

  // Calls `out(ByteView ts)` for each packet whose time has come.
  template <class Out>
  void take(Time now, Out&& out) {
    while (const auto ts = next_due(now)) out(*ts);
  }
  [[nodiscard]] std::vector<ReceiverEvent> tick(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // The block for our RR, and what our APP packet says. Each call ends one
  // interval of fraction_lost.
  [[nodiscard]] std::optional<ReportBlock> report_block(Time now);
  [[nodiscard]] PlayoutReport playout_report(Time now) const;
  [[nodiscard]] Counters counters(Time now) const;

 private:
  [[nodiscard]] std::optional<ByteView> next_due(Time now);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wfdcast::stream
