#pragma once

#include <deque>
#include <functional>

#include "base/time.h"
#include "daemon/trust.h"
#include "discovery/announcement.h"
#include "discovery/check_budget.h"
#include "security/cookie.h"

namespace wfdcast::daemon {

// Which invitations a sink in paired mode believes. The cheap checks come first, so that a flood costs a
// comparison each: our id and boot id, a recent sequence, the cookie that only the invited source's address
// got, a key that we know. Then the signature, and a token is good for one session.
class InvitationGuard {
 public:
  static constexpr std::size_t kMaxTokens = 256;  // remembered, so that none is used twice
  // Signatures of one address, a second: a source sends two. What a paired source's key and id are is no
  // secret, so that a stranger, with a cookie for each address that he has, gets so far. Each of them is
  // checked once a kPenalty.
  static constexpr int kSignaturesOfAddress = 4;
  static constexpr Duration kPenalty = 60s;
  struct Counters {
    std::uint64_t foreign = 0;  // no cookie of ours, an unknown key, no right
    std::uint64_t replayed = 0;
    std::uint64_t held = 0;  // more than security.max_invitations, or than the share of one address
    std::uint64_t bad_signature = 0;
  };
  // `secret`: for the cookies. `pairing_open`: whether a pairing invitation from any key is welcome.
  InvitationGuard(const Trust& trust, ByteView secret, int max_a_second, std::function<bool()> pairing_open);

  // What a source at this address must bring back.
  [[nodiscard]] discovery::Cookie cookie_for(Ipv4Address source) const { return cookies_.cookie_for(source); }
  // `recent`: whether the sink sent that sequence lately. The datagram is the one that was parsed.
  [[nodiscard]] bool accepts(const discovery::Invitation& invitation, ByteView datagram, Ipv4Address sender,
                             bool recent, Time now);
  // Its session has begun or failed; another invitation with this token is a replay.
  void use(const InvitationToken& token);
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  [[nodiscard]] bool may_invite(const discovery::Invitation& invitation) const;

  const Trust& trust_;
  security::CookieJar cookies_;
  discovery::CheckBudget checks_;
  std::function<bool()> pairing_open_;
  std::deque<InvitationToken> used_;
  Counters counters_;
};

}  // namespace wfdcast::daemon
