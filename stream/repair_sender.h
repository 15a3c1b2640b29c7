#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "stream/parity.h"
#include "stream/rtcp.h"
#include "wfd/ids.h"

namespace wfdcast::stream {

// One packet that repairs a loss, ready for the socket.
struct Repair {
  enum class Kind : std::uint8_t { Retransmission, Parity };
  Kind kind = Kind::Retransmission;
  std::optional<SessionId>
      to;  // by unicast to that sink; nullopt: to the group (parity has its own port there)
  ByteView packet;
};

// The source's half of repair: takes NACKs, and answers with the cheapest that
// does: a retransmission to the one sink that asks, or to the group when several
// miss the same packet, or, when each of many sinks misses another one, as many
// parity packets as the worst of them needs.
//
// Requests of a group are gathered for a short while. What one sink, and the
// group as a whole, can make us send is bounded by what the stream itself sends.
class RepairSender {
 public:
  // Packets after which nothing is repaired any more.
  static constexpr std::uint64_t kHistory = 2048;
  static constexpr Duration kGatherAgain = 4ms;  // requests for what was answered already
  static constexpr Duration kSpacing = 1ms;      // between groups of kAtOnce
  static constexpr std::size_t kAtOnce = 4;
  static constexpr std::size_t kMostJobs = 1024;
  static constexpr std::size_t kMostPending = 256;  // requests of one sink that are gathered
  // What may be saved up, in packets; one packet of repair for each of the
  // stream is the most for a sink, one for two the most for the group.
  static constexpr std::uint64_t kSinkBurst = 512, kGroupBurst = 200;

  // A packet that was sent, by its sequence number; nullopt: it is kept no more.
  using History = std::function<std::optional<ByteView>(std::uint16_t sequence)>;

  struct Options {
    Ssrc media;  // even
    Ssrc parity;
    std::uint16_t first_sequence = 0;
    // Retransmissions have the lowest bit of the SSRC set (RIST Simple Profile).
    enum class Marking : std::uint8_t { LowestBit, None } marking = Marking::LowestBit;
  };
  enum class Way : std::uint8_t {
    Unicast,      // the sink has a copy of its own
    Group,        // by the group
    GroupParity,  // by the group, and it understands parity
    Foreign,      // by the group, to a program that is not the session's: only the group reaches it
  };
  struct Counters {
    std::uint64_t requested = 0;      // packets that were asked for
    std::uint64_t retransmitted = 0;  // packets
    std::uint64_t parity = 0;         // packets
    std::uint64_t bytes = 0;          // of both
    std::uint64_t unknown = 0;        // asked for, but never sent, or too long ago
    std::uint64_t limited = 0;        // not answered: more than a sink may make us send
  };

  RepairSender(const Options& options, History history);

  // How a sink gets the stream; its receive buffer decides how long to gather.
  void set_sink(SessionId id, Way way, Duration latency);
  void remove_sink(SessionId id);
  // `count` more packets of the stream were sent.
  void sent(std::size_t count, Time now);
  void request(SessionId id, const Nack& nack, Time now);

  // Calls out(Repair) for what is to be sent now; its bytes are valid during the call.
  template <class Out>
  void take(Time now, Out&& out) {
    decide(now);
    if (next_job_ > now) return;
    const std::size_t count = std::min(kAtOnce, jobs_.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto repair = carry_out(jobs_[i])) out(*repair);
      next_job_ = now + kSpacing;
    }
    jobs_.erase(jobs_.begin(), jobs_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  [[nodiscard]] std::optional<Time> next_deadline() const;
  // Repairs that were decided on and wait for their turn.
  [[nodiscard]] std::size_t waiting() const { return jobs_.size(); }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // Packets that were sent again for this sink alone.
  [[nodiscard]] std::uint64_t retransmitted(SessionId id) const;

 private:
  struct Sink {
    Way way = Way::Unicast;
    Duration latency{};
    std::uint64_t credit = kSinkBurst;
    std::uint64_t credited_at = 0;  // packets sent
    std::uint64_t retransmitted = 0;
    std::vector<std::uint64_t> pending;  // numbers that the next answer serves
  };
  struct Window {
    std::uint64_t base = 0;
    std::uint8_t count = 0;  // 0: unused
    std::uint8_t next_index = 0;
    std::optional<Time> due;
  };
  struct Job {
    Repair::Kind kind;
    std::optional<SessionId> to;
    std::uint64_t number;  // of the packet; of parity: of the window's base
    std::uint8_t count = 0, index = 0, to_come = 0;
    bool operator==(const Job&) const = default;
  };

  [[nodiscard]] std::optional<std::uint64_t> number_of(std::uint16_t sequence) const;
  [[nodiscard]] std::uint16_t sequence_of(std::uint64_t number) const;
  [[nodiscard]] Way effective_way(const Sink& sink) const;
  void ask_for(SessionId id, Sink& sink, std::uint64_t number, Time now);
  void plan_window(std::uint64_t number, Time now);
  [[nodiscard]] bool spend(Sink& sink);
  [[nodiscard]] bool spend_for_group();
  [[nodiscard]] Window* window_of(std::uint64_t number);
  [[nodiscard]] Duration age_of(std::uint64_t number) const;
  void decide(Time now);
  void close_window(Time now);
  void answer_window(Window& window);
  void answer_strays();
  // Takes pending requests out of the sinks; the most that one of them asked for.
  template <class Wanted>
  std::size_t gather_asked(Wanted wanted);
  void resend_asked();
  void count(const Sink& sink, int by);
  [[nodiscard]] Duration least_latency() const;
  void push_job(const Job& job);
  [[nodiscard]] std::optional<Repair> carry_out(const Job& job);
  [[nodiscard]] std::optional<Repair> retransmit(const Job& job);
  [[nodiscard]] std::optional<Repair> make_parity(const Job& job);

  Options options_;
  History history_;
  std::map<SessionId, Sink> sinks_;
  // Of sinks_, kept with each change: ten thousand come one by one.
  int group_sinks_ = 0, parity_sinks_ = 0;
  std::map<Duration, int> parity_latencies_;
  std::uint64_t newest_ = 0;  // packets sent so far
  Time last_sent_{};
  double spacing_ns_ = 1e6;  // between packets, on the average
  std::uint64_t group_credit_ = kGroupBurst, group_credited_at_ = 0;
  std::array<Window, 8> windows_{};
  std::size_t next_window_ = 0;
  std::uint64_t window_end_ = 0;  // what is before was answered once
  std::optional<Time> fresh_due_;
  std::uint64_t oldest_fresh_ = 0;
  std::optional<Time> strays_due_;  // requests that no window holds
  struct Asked {
    std::uint64_t number;
    SessionId by;
    bool operator<(const Asked& other) const { return number < other.number; }
  };
  std::vector<Asked> asked_;  // scratch of one answer
  std::vector<Job> jobs_;     // by number
  Time next_job_{};
  ParityEncoder encoder_;
  RtpBuffer scratch_{};
  Counters counters_;
};

}  // namespace wfdcast::stream
