#include "daemon/inviter.h"

#include <algorithm>

namespace wfdcast::daemon {

void Inviter::want(const DeviceId& id, Time now) {
  const bool ours = was_ours(id, now);
  Wish& wish = wishes_[id];
  if (wish.state != State::Waiting) return;
  wish.had_session = ours;
  wish.failures = 0;
  wish.not_before = now;
  wish.next = now;
}

bool Inviter::was_ours(const DeviceId& id, Time now) const {
  const auto wish = wishes_.find(id);
  if (wish != wishes_.end() && wish->second.had_session) return true;
  const auto gone = let_go_.find(id);
  return gone != let_go_.end() && now - gone->second < kLettingGo;
}

bool Inviter::invited(const DeviceId& id) const {
  const auto wish = wishes_.find(id);
  return wish != wishes_.end() && wish->second.address;
}

void Inviter::forget(const DeviceId& id) { wishes_.erase(id); }

void Inviter::let_go(const DeviceId& id, Time now) {
  forget(id);
  std::erase_if(let_go_, [now](const auto& entry) { return now - entry.second >= kLettingGo; });
  let_go_[id] = now;
}

void Inviter::peer_changed(const DeviceId& id, Time now) {
  const auto wish = wishes_.find(id);
  if (wish == wishes_.end() || wish->second.state == State::InSession || wish->second.next) return;
  wish->second.next = std::max(now, wish->second.not_before);
}

std::vector<Inviter::Invite> Inviter::tick(const discovery::PeerRegistry& registry, Time now) {
  std::vector<Invite> invites;
  for (auto& [id, wish] : wishes_) {
    if (wish.state == State::InSession || !wish.next || now < *wish.next) continue;
    if (wish.state == State::Inviting && now >= wish.expires) back_off(wish, now);
    if (now < *wish.next) continue;
    const discovery::Peer* peer = registry.find(id);
    const bool free = peer && (peer->state == discovery::SinkState::Available || wish.had_session);
    if (!free || !is_proven_(*peer)) {
      wish.next.reset();
      continue;
    }
    if (wish.state == State::Waiting || wish.address != peer->endpoint.address) {
      wish.state = State::Inviting;
      wish.token = new_token_();
      wish.address = peer->endpoint.address;
      wish.expires = now + kTokenLife;
    }
    wish.next = now + kRepeat;
    invites.push_back({*peer, wish.token});
  }
  return invites;
}

std::optional<Time> Inviter::next_deadline() const {
  std::optional<Time> next;
  for (const auto& [id, wish] : wishes_) {
    if (wish.state != State::InSession) next = earliest(next, wish.next);
  }
  return next;
}

std::vector<InvitationToken> Inviter::tokens_for(Ipv4Address address, Time now) const {
  std::vector<InvitationToken> tokens;
  for (const auto& [id, wish] : wishes_) {
    if (wish.state == State::Inviting && wish.address == address && now < wish.expires)
      tokens.push_back(wish.token);
  }
  return tokens;
}

bool Inviter::redeem(const DeviceId& id, const InvitationToken& token, Ipv4Address address, Time now) {
  const auto wish = wishes_.find(id);
  if (wish == wishes_.end() || wish->second.state != State::Inviting || now >= wish->second.expires)
    return false;
  if (wish->second.token != token || wish->second.address != address) return false;
  session_opened(id);
  return true;
}

void Inviter::session_opened(const DeviceId& id) {
  const auto wish = wishes_.find(id);
  if (wish == wishes_.end()) return;
  wish->second.state = State::InSession;
  wish->second.had_session = true;
}

void Inviter::session_played(const DeviceId& id) {
  const auto wish = wishes_.find(id);
  if (wish != wishes_.end()) wish->second.failures = 0;
}

void Inviter::session_ended(const DeviceId& id, Time now) {
  const auto wish = wishes_.find(id);
  if (wish != wishes_.end() && wish->second.state == State::InSession) back_off(wish->second, now);
}

void Inviter::back_off(Wish& wish, Time now) {
  wish.state = State::Waiting;
  wish.not_before = now + std::min<Duration>(kLongestBackOff, 500ms * (1 << std::min(wish.failures, 6)));
  wish.next = wish.not_before;
  ++wish.failures;
}

}  // namespace wfdcast::daemon
