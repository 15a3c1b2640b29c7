#include "daemon/invitation_guard.h"

#include <algorithm>

namespace wfdcast::daemon {

InvitationGuard::InvitationGuard(const Trust& trust, ByteView secret, int max_a_second,
                                 std::function<bool()> pairing_open)
    : trust_(trust),
      cookies_(secret),
      checks_({.in_all = static_cast<double>(max_a_second),
               .of_address = kSignaturesOfAddress,
               .penalty = kPenalty}),
      pairing_open_(std::move(pairing_open)) {}

// A source that we know is pending or may show; for pairing any key will do that is the sender's id.
bool InvitationGuard::may_invite(const discovery::Invitation& invitation) const {
  if (!invitation.key) return false;
  if (invitation.purpose == discovery::Purpose::Pairing)
    return pairing_open_() && security::device_id_of(*invitation.key) == invitation.source;
  const security::TrustEntry* const entry = trust_.store().find(invitation.source);
  return entry && entry->key == *invitation.key && entry->rights.show;
}

void InvitationGuard::use(const InvitationToken& token) {
  if (std::ranges::find(used_, token) != used_.end()) return;
  if (used_.size() == kMaxTokens) used_.pop_front();
  used_.push_back(token);
}

bool InvitationGuard::accepts(const discovery::Invitation& invitation, ByteView datagram, Ipv4Address sender,
                              bool recent, Time now) {
  const bool cookie = invitation.cookie && cookies_.matches(*invitation.cookie, sender);
  const auto seal = discovery::sealed(datagram);
  if (!cookie || !seal || !may_invite(invitation)) {
    ++counters_.foreign;
    return false;
  }
  if (!recent || std::ranges::find(used_, invitation.token) != used_.end()) {
    ++counters_.replayed;
    return false;
  }
  if (!checks_.take(sender, now)) {
    ++counters_.held;
    return false;
  }
  if (!security::verify(*invitation.key, security::announcement_message(seal->message), seal->signature)) {
    ++counters_.bad_signature;
    checks_.failed(sender, now);
    return false;
  }
  if (invitation.purpose == discovery::Purpose::Session) checks_.proved(invitation.source, sender, now);
  return true;
}

}  // namespace wfdcast::daemon
