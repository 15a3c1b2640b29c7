#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "wfd/ids.h"
#include "wfd/stream_format.h"
#include "wfd/transport.h"

namespace wfdcast::stream {

enum class DeliveryPolicy { Auto, Unicast, Multicast };

// Tell this sink to receive there (SourceSession::move()).
struct Move {
  SessionId id;
  Delivery to = Delivery::Unicast;
};

// How one sink gets the stream.
enum class Path {
  Unicast,
  Joining,    // both ways; the sink compares and reports
  Group,      // the group only
  Returning,  // both ways, until the sink says that unicast has come
};
[[nodiscard]] const char* to_string(Path path);

// What may have made a sink miss the group.
enum class Blame {
  Path,    // the network between
  Source,  // nothing was sent meanwhile: it says nothing about the network
};

// The sinks that take one encoded stream: most by IP multicast, those that
// cannot by their own unicast copy. The first member fixes the format; a sink
// that cannot take it is not admitted. A move is make-before-break: both ways
// until the sink reports. Policy Auto: the group from the second capable sink
// that plays on; unicast again when one is left.
class MulticastGroup {
 public:
  MulticastGroup(Endpoint group, SourceCapabilities encoder, DeliveryPolicy policy);

  // The format for this sink; the reason, for a person, where there is none.
  [[nodiscard]] Result<StreamFormat, std::string> admit(SessionId id, const SinkCapabilities& sink);
  // The best format for all of `sinks`: the members, and before them the one
  // that is admitted to it. The others must be moved there. The reason where there is none.
  [[nodiscard]] Result<StreamFormat, std::string> renegotiate(SessionId id,
                                                              std::span<const SinkCapabilities> sinks);
  // How the SETUP answer starts this sink.
  [[nodiscard]] Delivery initial_delivery(SessionId id) const;
  // M6: where its unicast copy goes.
  void set_endpoint(SessionId id, Endpoint rtp);
  [[nodiscard]] std::vector<Move> play(SessionId id, Time now);
  [[nodiscard]] std::vector<Move> pause(SessionId id, Time now);
  [[nodiscard]] std::vector<Move> leave(SessionId id, Time now);
  // The sink says which path it has (wfdcast_delivery). A sink that reports
  // unicast while joining, or that lost the group, stays on unicast.
  [[nodiscard]] std::vector<Move> report(SessionId id, Delivery delivery, std::string detail, Time now,
                                         Blame blame = Blame::Path);
  // Which part of the packets a sink lacked at its output since its last report,
  // after repair. Policy Auto: one that has the group and stays bad is moved to
  // unicast, and tried again later.
  [[nodiscard]] std::vector<Move> report_loss(SessionId id, double lost, Time now);
  // Ends moves that a sink never reported, and tries again those that failed.
  // Blame::Source: nothing is being sent, so a sink that joins has its time once more.
  [[nodiscard]] std::vector<Move> tick(Time now, Blame blame = Blame::Path);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // Another group from now on. Sinks that are on the one before come by way of unicast.
  [[nodiscard]] std::vector<Move> set_group(Endpoint group, Time now);
  [[nodiscard]] const Endpoint& group() const { return group_; }
  // Where each packet goes: the group at most once, then each unicast copy.
  [[nodiscard]] std::span<const Endpoint> destinations() const;
  [[nodiscard]] std::optional<Path> path(SessionId id) const;
  // Why this sink has unicast although the group runs; empty: no reason needed.
  [[nodiscard]] std::string path_note(SessionId id) const;
  [[nodiscard]] const std::optional<StreamFormat>& format() const;
  [[nodiscard]] const SourceCapabilities& encoder() const { return encoder_; }
  [[nodiscard]] bool anyone_playing() const;
  [[nodiscard]] int playing_on_group() const { return sum_.on_group; }

 private:
  // What a member adds to the sums of all.
  struct Share {
    int playing = 0, candidates = 0, on_group = 0;
  };
  struct Member {
    bool multicast = false;  // the sink can
    bool playing = false;
    std::optional<Endpoint> endpoint;
    Path path = Path::Unicast;
    Time since{};  // on this path
    std::string note;
    std::optional<Time> retry;  // not on the group before
    Duration back_off{};        // before the last attempt
    int bad_reports = 0;        // in a row, from the group
    Share share;
  };
  using Moves = std::vector<Move>;

  void add(SessionId id, const SinkCapabilities& sink);
  static void enter(Member& member, Path path, Time now);
  // The member can and should be on the group, were there company.
  [[nodiscard]] static bool is_candidate(const Member& member, Time now);
  // Follows each change of a member: thousands of members are not looked at for an event of one.
  void account(SessionId id, Member& member);
  // Begins every move that policy and company ask for, after a change of `changed`.
  void settle(std::set<SessionId> changed, Time now, Moves& moves);
  void settle(SessionId id, Member& member, Delivery wanted, Time now, Moves& moves);
  void fall_back(Member& member, std::string why, Blame blame, Time now);
  static void back_off(Member& member, Time now);
  [[nodiscard]] bool group_runs() const;
  void rebuild();

  Endpoint group_;
  std::optional<Endpoint> next_group_;  // when the last one has left group_
  SourceCapabilities encoder_;
  DeliveryPolicy policy_;
  std::optional<StreamFormat> format_;
  std::map<SessionId, Member> members_;
  Share sum_;
  std::set<SessionId> restless_;          // that play, and are on the way or to be tried again
  std::map<SessionId, Endpoint> copies_;  // that get a unicast copy
  bool use_group_ = false;
  std::vector<Endpoint> destinations_;
};

}  // namespace wfdcast::stream
