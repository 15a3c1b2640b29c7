#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "discovery/peer_registry.h"
#include "wfd/ids.h"

namespace wfdcast::daemon {

// Which sinks are wanted, and who was invited with which token. It sends
// nothing: its owner sends the invitations that tick() returns.
//
// A token is single use, lives 10 s, and belongs to one address and sink. An
// invitation is repeated until the sink connects; a sink whose session ended
// is invited again after a back-off, for as long as it is wanted.
class Inviter {
 public:
  static constexpr Duration kTokenLife = 10s;
  static constexpr Duration kRepeat = 500ms;
  static constexpr Duration kLongestBackOff = 30s;
  static constexpr Duration kLettingGo = 5s;  // tear-down takes 2 s at most, and a beacon follows it

  struct Invite {
    discovery::Peer peer;
    InvitationToken token;
  };
  using NewToken = std::function<InvitationToken()>;
  // Whether the peer has proven what its link asks for.
  using IsProven = std::function<bool(const discovery::Peer& peer)>;
  Inviter(NewToken new_token, IsProven is_proven)
      : new_token_(std::move(new_token)), is_proven_(std::move(is_proven)) {}

  void want(const DeviceId& id, Time now);  // now: without waiting for a back-off
  void forget(const DeviceId& id);
  // Like forget(), and its session ends now by our will: what it says of its state is still about that one.
  void let_go(const DeviceId& id, Time now);
  [[nodiscard]] bool wanted(const DeviceId& id) const { return wishes_.contains(id); }
  // It was in a session with us since it is wanted, or was let go a moment ago: what it says of its state may
  // be about that one.
  [[nodiscard]] bool was_ours(const DeviceId& id, Time now) const;
  // It got an invitation since it is wanted: it was free then, and is busy by that.
  [[nodiscard]] bool invited(const DeviceId& id) const;

  // The peer appeared, moved, or changed its state.
  void peer_changed(const DeviceId& id, Time now);

  // The invitations that are due, for wanted peers that are in reach, proven and free.
  [[nodiscard]] std::vector<Invite> tick(const discovery::PeerRegistry& registry, Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // What a connection from `address` may bring back.
  [[nodiscard]] std::vector<InvitationToken> tokens_for(Ipv4Address address, Time now) const;
  // Whether this is the token of the invitation to `id` at `address`; it is used up then.
  [[nodiscard]] bool redeem(const DeviceId& id, const InvitationToken& token, Ipv4Address address, Time now);
  void session_opened(const DeviceId& id);  // an outstanding token is void
  void session_played(const DeviceId& id);  // the back-off starts over
  void session_ended(const DeviceId& id, Time now);

 private:
  enum class State { Waiting, Inviting, InSession };
  struct Wish {
    State state = State::Waiting;
    std::optional<Time>
        next;           // Waiting: when to invite; Inviting: when to repeat; none: once the peer is there
    Time not_before{};  // back-off
    InvitationToken token;
    Ipv4Address address;  // that the token was sent to
    Time expires{};
    int failures = 0;
    bool had_session = false;  // a sink that is busy may still be with us, by a connection that is dead
  };
  static void back_off(Wish& wish, Time now);

  NewToken new_token_;
  IsProven is_proven_;
  std::map<DeviceId, Wish> wishes_;
  std::map<DeviceId, Time> let_go_;
};

}  // namespace wfdcast::daemon
