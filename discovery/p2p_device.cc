#include "discovery/p2p_device.h"

#include <algorithm>

#include "base/overloaded.h"
#include "base/text.h"

namespace wfdcast::discovery {

using Why = ControlRequest::Why;

P2pDevice::Step P2pDevice::attached(Time) {
  enter(State::Idle);
  Step step;
  step.requests = setup_.begin();
  step.requests.push_back({.why = Why::Optional, .text = command::get("version"), .name = "version"});
  step.requests.push_back({.why = Why::Capability, .text = command::stop_find(), .name = "Wi-Fi Direct"});
  step.requests.push_back({.why = Why::List, .text = command::first_peer()});
  if (options_.owner)
    step.requests.push_back(
        {.why = Why::AddGroup, .text = command::add_group({options_.setup.persistent, options_.frequency})});
  listen_if_wanted(step);
  return step;
}

P2pDevice::Step P2pDevice::detached(Time) {
  Step step;
  if (attempt_) step.events.emplace_back(ConnectFailed{attempt_->device, "wpa_supplicant has gone"});
  if (settling_) step.events.emplace_back(ConnectFailed{settling_->device, "wpa_supplicant has gone"});
  if (group_) step.events.emplace_back(LinkDown{group_->interface, "wpa_supplicant has gone"});
  for (const auto& [device, peer] : peers_) step.events.emplace_back(PeerGone{device});
  enter(State::Detached);
  peers_.clear();
  requests_.clear();
  attempt_.reset();
  settling_.reset();
  group_.reset();
  group_due_.reset();
  flush_due_.reset();
  return step;
}

P2pDevice::Step P2pDevice::answered(const ControlRequest& request, std::string_view reply, Time now) {
  Step step;
  const ReplyKind kind = kind_of(reply);
  const bool refused = kind == ReplyKind::Failed || kind == ReplyKind::UnknownCommand;
  switch (request.why) {
    case Why::Order:
    case Why::Optional:
      break;
    case Why::Save:
      setup_.saved(request.name, reply);
      break;
    case Why::Capability:
      if (refused) step.events.emplace_back(CapabilityMissing{request.name});
      break;
    case Why::List:
      if (const auto peer = parse_peer(reply)) {
        peer_seen(peer->seen, now, step);
        keep_details(*peer);
        step.requests.push_back({.why = Why::List, .text = command::next_peer(peer->seen.device)});
      }
      break;
    case Why::Details:
      if (const auto peer = parse_peer(reply)) keep_details(*peer);
      break;
    case Why::Look:
      looked(request, reply, now, step);
      break;
    case Why::Connect:
      if (refused) connect_failed(failure_text(reply), step);
      if (const auto pin = parse_pin(reply)) step.events.emplace_back(PinShown{request.device, *pin});
      break;
    case Why::Reinvoke:
    case Why::Invite:
      if (refused) try_again_or_fail(failure_text(reply), step);
      break;
    case Why::AddGroup:
      if (refused) group_due_ = now + kGroupRetry;
      break;
  }
  return step;
}

P2pDevice::Step P2pDevice::receive(const ControlEventBody& event, Time now) {
  Step step;
  if (state_ == State::Detached) return step;
  std::visit(overloaded{
                 [&](const P2pDeviceSeen& e) { peer_seen(e, now, step); },
                 [&](const P2pDeviceLost& e) {
                   if (peers_.erase(e.device) > 0) step.events.emplace_back(PeerGone{e.device});
                 },
                 [](const FindStopped&) {},
                 [&](const NegotiationRequest& e) {
                   requested(e.device, {.password = e.password, .shown_pin = {}}, now, step);
                 },
                 [&](const NegotiationSucceeded& e) {
                   negotiated_ = e.interface;
                   if (attempt_ && attempt_->answer_again) attempt_->answer_again = Time::max();
                 },
                 [&](const NegotiationFailed& e) { negotiation_failed(e.status, now, step); },
                 [&](const FormationFailed&) { try_again_or_fail(removal_reason("FORMATION_FAILED"), step); },
                 [&](const GroupStarted& e) { group_started(e, now, step); },
                 [&](const GroupRemoved& e) { group_removed(e, now, step); },
                 [&](const ProvisionStep& e) { provision(e, now, step); },
                 [&](const ProvisionFailed& e) {
                   if (attempt_ && attempt_->device == e.device)
                     try_again_or_fail("it did not agree to the method", step);
                 },
                 [&](const InvitationReceived& e) { invited(e, now, step); },
                 [](const InvitationAccepted&) {},
                 [&](const InvitationResult& e) { invitation_result(e, step); },
                 [&](const StationConnected& e) { station_joined(e, now, step); },
                 [&](const StationDisconnected& e) { station_left(e, now); },
                 [](const Terminating&) {},
             },
             event);
  return step;
}

void P2pDevice::peer_seen(const P2pDeviceSeen& seen, Time now, Step& step) {
  const bool known = peers_.contains(seen.device);
  if (!known && peers_.size() >= kMaxPeers) return;
  P2pPeer& peer = peers_[seen.device];
  peer.seen = seen;
  peer.seen.name = printable(seen.name);
  peer.last_seen = now;
  if (!known) {
    step.requests.push_back({.why = Why::Details, .text = command::peer(seen.device), .device = seen.device});
  }
  step.events.emplace_back(PeerSeen{seen.device, !known});
}

// A peer tells its model in its requests, its serial number only in its responses; one that was seen to
// negotiate has told neither.
void P2pDevice::keep_details(const PeerDetails& details) {
  const auto peer = peers_.find(details.seen.device);
  if (peer == peers_.end() || details.model.empty()) return;
  const auto id = parse_device_id(details.serial);
  peer->second.make = details.model == options_.setup.model ? Make::Ours : Make::Other;
  if (peer->second.make == Make::Other) peer->second.board.reset();
  if (peer->second.make == Make::Ours && id) peer->second.board = id;
}

void P2pDevice::listen_if_wanted(Step& step) const {
  const bool wanted = options_.listen && !options_.owner && state_ == State::Idle && !streaming_;
  if (wanted) step.requests.push_back({.why = Why::Optional, .text = command::listen()});
}

P2pDevice::Step P2pDevice::tick(Time now) {
  Step step;
  if (attempt_ && now >= attempt_->deadline) {
    step.requests.push_back({.why = Why::Optional, .text = command::cancel()});
    connect_failed(negotiation_failure(-1), step);
  }
  answer_again(now, step);
  forget_members(now, step);
  std::erase_if(requests_, [&](const auto& entry) { return now >= entry.second.expires; });
  if (flush_due_ && now >= *flush_due_) {
    flush_due_.reset();
    if (state_ == State::Idle) {
      step.requests.push_back({.why = Why::Optional, .text = command::flush()});
      listen_if_wanted(step);
    } else {
      flush_due_ = now + kRefusalTime;
    }
  }
  if (group_due_ && now >= *group_due_) {
    group_due_.reset();
    if (state_ == State::Idle) {
      step.requests.push_back({.why = Why::AddGroup,
                               .text = command::add_group({options_.setup.persistent, options_.frequency})});
    }
  }
  return step;
}

std::optional<Time> P2pDevice::next_deadline() const {
  std::optional<Time> next = earliest(group_due_, flush_due_);
  if (attempt_) next = earliest(next, earliest(attempt_->deadline, attempt_->answer_again));
  for (const auto& [device, request] : requests_) next = earliest(next, request.expires);
  if (group_) {
    for (const P2pGroup::Member& member : group_->members) next = earliest(next, member.gone_at);
  }
  return next;
}

void P2pDevice::group_started(const GroupStarted& event, Time now, Step& step) {
  group_ = P2pGroup{.interface = event.interface,
                    .role = event.role,
                    .ssid = event.ssid,
                    .frequency = event.frequency,
                    .owner = event.owner,
                    .persistent = event.persistent,
                    .address = event.address,
                    .owner_address = event.owner_address,
                    .prefix = event.prefix,
                    .members = {}};
  if (event.role == GroupRole::Owner) {
    group_->address = options_.setup.group_address;
    group_->prefix = options_.setup.group_address ? options_.setup.group_prefix : 0;
  } else {
    const auto owner = peers_.find(event.owner);
    const MacAddress seen = owner == peers_.end() ? MacAddress{} : owner->second.seen.address;
    group_->members.push_back({event.owner, negotiated_ ? negotiated_ : seen, event.owner_address});
  }
  // An owner that has asked a peer in goes on waiting for it.
  const bool waits = attempt_ && event.role == GroupRole::Owner;
  if (!waits) linked(now);
  requests_.clear();
  enter(State::Up);
  step.events.emplace_back(LinkUp{*group_});
  step.requests.push_back({.why = Why::Optional, .text = command::stop_find()});
  if (options_.listen) step.requests.push_back({.why = Why::Optional, .text = command::stop_listening()});
}

void P2pDevice::group_removed(const GroupRemoved& event, Time now, Step& step) {
  negotiated_ = {};
  if (!group_ || group_->interface != event.interface) return;  // one that never came up
  if (attempt_) connect_failed(removal_reason(event.reason), step);
  group_.reset();
  enter(State::Idle);
  link_lost(event.reason, now, step);
  step.events.emplace_back(LinkDown{event.interface, removal_reason(event.reason)});
  if (options_.owner) group_due_ = now + kGroupRetry;
  listen_if_wanted(step);
}

void P2pDevice::station_joined(const StationConnected& event, Time now, Step& step) {
  if (!group_ || group_->role != GroupRole::Owner || group_->members.size() >= kMaxMembers) return;
  const auto known = std::ranges::find(group_->members, event.interface, &P2pGroup::Member::interface);
  if (known != group_->members.end()) {  // told on two sockets, or back again
    known->gone_at.reset();
    if (event.address) known->address = event.address;
    if (!attempt_ || attempt_->device != known->device) return;
  }
  const P2pGroup::Member member{event.device ? event.device : event.interface, event.interface,
                                event.address};
  if (known == group_->members.end()) group_->members.push_back(member);
  if (attempt_ && attempt_->device == member.device) linked(now);
  step.events.emplace_back(MemberJoined{member});
}

void P2pDevice::station_left(const StationDisconnected& event, Time now) {
  if (!group_ || group_->role != GroupRole::Owner) return;
  const auto member = std::ranges::find(group_->members, event.interface, &P2pGroup::Member::interface);
  if (member != group_->members.end() && !member->gone_at) member->gone_at = now + kReturnTime;
}

void P2pDevice::forget_members(Time now, Step& step) {
  if (!group_) return;
  const auto is_gone = [&](const P2pGroup::Member& member) {
    return member.gone_at && now >= *member.gone_at;
  };
  for (const P2pGroup::Member& member : group_->members) {
    if (!is_gone(member)) continue;
    step.events.emplace_back(MemberLeft{member});
    if (settling_ && settling_->device == member.device) settling_->left = true;
  }
  if (std::erase_if(group_->members, is_gone) == 0) return;
  // A group that was made for one peer has no sense without it.
  if (group_->members.empty() && !options_.owner && !attempt_) {
    step.requests.push_back({.why = Why::Optional, .text = command::remove_group(group_->interface)});
  } else if (settling_ && settling_->left) {
    step.events.emplace_back(ConnectFailed{settling_->device, removal_reason(kOutOfReach)});
    settling_.reset();
  }
}

P2pDevice::Step P2pDevice::find(std::chrono::seconds duration) {
  Step step;
  if (state_ != State::Detached && !streaming_) step.requests.push_back({.text = command::find(duration)});
  return step;
}

P2pDevice::Step P2pDevice::stop_finding() {
  Step step;
  if (state_ == State::Detached) return step;
  step.requests.push_back({.why = Why::Optional, .text = command::stop_find()});
  return step;
}

P2pDevice::Step P2pDevice::add_group() {
  Step step;
  if (state_ != State::Idle) return step;
  options_.owner = true;
  step.requests.push_back(
      {.why = Why::AddGroup, .text = command::add_group({options_.setup.persistent, options_.frequency})});
  return step;
}

P2pDevice::Step P2pDevice::remove_group() {
  Step step;
  options_.owner = false;  // a person wants it gone
  if (settling_) step.events.emplace_back(ConnectFailed{settling_->device, "cancelled"});
  settling_.reset();
  if (group_) step.requests.push_back({.text = command::remove_group(group_->interface)});
  return step;
}

P2pDevice::Step P2pDevice::set_available(bool is_available) {
  Step step;
  const ControlRequest request = setup_.available(is_available);
  if (state_ != State::Detached) step.requests.push_back(request);
  return step;
}

P2pDevice::Step P2pDevice::set_streaming(bool is_streaming) {
  Step step;
  streaming_ = is_streaming;
  if (is_streaming) settling_.reset();
  if (state_ == State::Detached) return step;
  if (is_streaming) {
    step.requests.push_back({.why = Why::Optional, .text = command::stop_find()});
    if (options_.listen) step.requests.push_back({.why = Why::Optional, .text = command::stop_listening()});
  }
  listen_if_wanted(step);
  return step;
}

P2pDevice::Step P2pDevice::shut_down() {
  Step step;
  if (state_ == State::Detached) return step;
  step.requests = setup_.restore();
  if (attempt_) step.requests.push_back({.why = Why::Optional, .text = command::cancel()});
  step.requests.push_back({.why = Why::Optional, .text = command::stop_find()});
  if (options_.listen) step.requests.push_back({.why = Why::Optional, .text = command::stop_listening()});
  // Last: the driver may take its time.
  if (group_)
    step.requests.push_back({.why = Why::Optional, .text = command::remove_group(group_->interface)});
  return step;
}

bool P2pDevice::connects_to(const MacAddress& device) const {
  return (attempt_ && attempt_->device == device) ||
         (settling_ && settling_->left && settling_->device == device);
}

std::string P2pDevice::name_of(const MacAddress& device) const {
  const auto peer = peers_.find(device);
  return peer == peers_.end() || peer->second.seen.name.empty() ? to_string(device) : peer->second.seen.name;
}

std::vector<MacAddress> P2pDevice::waiting() const {
  std::vector<MacAddress> devices;
  for (const auto& [device, request] : requests_) devices.push_back(device);
  return devices;
}

}  // namespace wfdcast::discovery
