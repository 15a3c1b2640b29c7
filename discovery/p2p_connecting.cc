// P2pDevice: how a link comes about, asked by us or by a peer.
#include <utility>

#include "base/overloaded.h"
#include "discovery/p2p_device.h"

namespace wfdcast::discovery {

using Why = ControlRequest::Why;

P2pDevice::Step P2pDevice::connect(const MacAddress& device, const command::Method& method, Time now) {
  Step step;
  const auto refuse = [&](std::string reason) {
    step.events.emplace_back(ConnectFailed{device, std::move(reason)});
    return step;
  };
  const auto* enter = std::get_if<command::EnterPin>(&method);
  if (enter && !command::is_valid_pin(enter->pin))
    return refuse("that is not a valid PIN: its check digit is wrong");
  if (state_ == State::Detached) return refuse("there is no wpa_supplicant to ask");
  // It asked us at the same moment, and its request was accepted.
  if (attempt_ && attempt_->device == device && attempt_->answer_again) return step;
  if (attempt_) return refuse("busy with connecting to " + name_of(attempt_->device));
  requests_.erase(device);
  if (state_ == State::Up) {
    if (group_->role == GroupRole::Client)
      return refuse("we are in the group of " + name_of(group_->owner) + "; leave it first");
    attempt_ = {.device = device, .method = method, .deadline = now + kJoinTime, .ours = true};
    step.requests.push_back(
        {.why = Why::Invite, .text = command::invite_into(group_->interface, device), .device = device});
    return step;
  }
  attempt_ = {.device = device,
              .method = method,
              .deadline = now + kConnectTime,
              .intent = options_.intent,
              .ours = true};
  look(step);
  return step;
}

void P2pDevice::look(Step& step) {
  const MacAddress& device = attempt_->device;
  enter(State::Connecting);
  step.requests.push_back({.why = Why::Optional, .text = command::stop_find()});
  step.requests.push_back({.why = Why::Look, .text = command::peer(device), .device = device});
}

void P2pDevice::linked(Time now) {
  if (attempt_ && attempt_->ours) {
    settling_ = std::move(attempt_);
    settling_->deadline = now + kSettling;
  }
  attempt_.reset();
}

void P2pDevice::link_lost(std::string_view reason, Time now, Step& step) {
  const auto lost = std::exchange(settling_, std::nullopt);
  if (!lost || now >= lost->deadline) return;
  const bool by_hand = reason != kOutOfReach && !lost->left;
  if (by_hand || lost->tries >= kTries || !std::holds_alternative<command::Button>(lost->method)) {
    step.events.emplace_back(ConnectFailed{lost->device, removal_reason(reason)});
    return;
  }
  attempt_ = {.device = lost->device,
              .method = lost->method,
              .deadline = now + kConnectTime,
              .intent = options_.intent,
              .tries = lost->tries + 1,
              .ours = true};
  look(step);
}

P2pDevice::Step P2pDevice::ask_for_pin(const MacAddress& device) {
  Step step;
  if (state_ != State::Detached) step.requests.push_back({.text = command::ask_for_pin(device)});
  return step;
}

P2pDevice::Step P2pDevice::cancel(Time) {
  Step step;
  if (!attempt_) return step;
  step.requests.push_back({.why = Why::Optional, .text = command::cancel()});
  connect_failed("cancelled", step);
  return step;
}

// What the supplicant knows of the peer says which way leads to it.
void P2pDevice::looked(const ControlRequest& request, std::string_view reply, Time now, Step& step) {
  if (!attempt_ || attempt_->device != request.device || state_ != State::Connecting) return;
  const auto peer = parse_peer(reply);
  if (!peer) return connect_failed("not in reach of Wi-Fi Direct; look for it with `wfdctl p2p find`", step);
  attempt_->join = peer->seen.group_owner;
  if (attempt_->join) attempt_->deadline = now + kJoinTime;
  if (peer->persistent && options_.setup.persistent && !attempt_->join &&
      std::holds_alternative<command::Button>(attempt_->method)) {
    attempt_->network = peer->persistent;
    step.requests.push_back({.why = Why::Reinvoke,
                             .text = command::reinvoke(*peer->persistent, request.device),
                             .device = request.device});
    return;
  }
  order_connect(step);
}

void P2pDevice::order_connect(Step& step, Why why) {
  step.requests.push_back(
      {.why = why,
       .text = command::connect({.device = attempt_->device,
                                 .method = attempt_->method,
                                 .join = attempt_->join,
                                 .persistent = options_.setup.persistent && !attempt_->join,
                                 .intent = attempt_->intent,
                                 .frequency = options_.frequency}),
       .device = attempt_->device});
}

void P2pDevice::answer_again(Time now, Step& step) {
  if (!attempt_ || !attempt_->answer_again || now < *attempt_->answer_again) return;
  attempt_->answer_again = now + kAnswerAgain;
  order_connect(step, Why::Optional);
}

void P2pDevice::connect_failed(const std::string& reason, Step& step) {
  if (!attempt_) return;
  const MacAddress device = attempt_->device;
  attempt_.reset();
  negotiated_ = {};
  if (state_ == State::Connecting) enter(State::Idle);
  step.events.emplace_back(ConnectFailed{device, reason});
  listen_if_wanted(step);
}

// A known group that cannot be had any more is forgotten and formed anew; anything else has one more try.
void P2pDevice::try_again_or_fail(const std::string& reason, Step& step) {
  if (!attempt_ || state_ != State::Connecting) return connect_failed(reason, step);
  if (attempt_->network) {
    step.requests.push_back({.why = Why::Optional, .text = command::forget_network(*attempt_->network)});
    attempt_->network.reset();
    return order_connect(step);
  }
  // A PIN is for one try.
  if (attempt_->tries >= kTries || !std::holds_alternative<command::Button>(attempt_->method))
    return connect_failed(reason, step);
  ++attempt_->tries;
  order_connect(step);
}

void P2pDevice::negotiation_failed(int status, Time now, Step& step) {
  constexpr int kNoAnswer = -1, kNotReady = 1, kBothInsist = 9, kMostIntent = 15;
  // A third device that asked in between makes wpa_supplicant give up a negotiation that was going well, and
  // so does a peer that begins anew while we take it for agreed.
  if (status == kNoAnswer || status == kNotReady) {
    if (attempt_ && attempt_->answer_again && std::holds_alternative<command::Button>(attempt_->method)) {
      // Whoever asked goes on asking: until the deadline.
      attempt_->answer_again = now + kAnswerAgain;
      if (attempt_->tries >= kTries) return;
    }
    return try_again_or_fail(negotiation_failure(status), step);
  }
  if (attempt_ && status == kBothInsist && attempt_->intent == kMostIntent && attempt_->tries < kTries) {
    attempt_->intent = kMostIntent - 1;
    return try_again_or_fail(negotiation_failure(status), step);
  }
  connect_failed(negotiation_failure(status), step);
}

void P2pDevice::invitation_result(const InvitationResult& event, Step& step) {
  constexpr int kItsUserIsAsked = 1;
  if (!attempt_ || event.status == 0 || (event.status == kItsUserIsAsked && !attempt_->network)) return;
  try_again_or_fail(negotiation_failure(event.status), step);
}

// A peer wants to form a group with us, or invites us into its own.
void P2pDevice::requested(const MacAddress& device, Request request, Time now, Step& step) {
  if (attempt_ && attempt_->device == device) return;  // both asked: the supplicant joins the two
  const auto known = requests_.find(device);
  const std::string shown = known == requests_.end() ? std::string() : known->second.shown_pin;
  if (!request.join && request.password == Password::TheyEnterPin && !shown.empty() && !attempt_) {
    requests_.erase(device);
    attempt_ = {.device = device,
                .method = command::ShowPin{shown},
                .deadline = now + kJoinTime,
                .intent = options_.intent,
                .answer_again = now + kAnswerAgain};
    if (state_ == State::Idle) enter(State::Connecting);
    return order_connect(step);  // whoever read our PIN is here
  }
  if (attempt_ || state_ == State::Up || options_.accept == AcceptPolicy::Known) {
    return refuse(device, now, step);
  }
  if (known == requests_.end() && requests_.size() >= kMaxRequests) return;
  const bool is_new = known == requests_.end() || known->second.password != request.password;
  request.expires = now + kRequestTime;
  if (request.shown_pin.empty()) request.shown_pin = shown;
  const Password password = request.password;
  requests_[device] = std::move(request);
  if (password == Password::Button && options_.accept == AcceptPolicy::Button) {
    Step accepted = accept(device, "", now);
    std::ranges::move(accepted.requests, std::back_inserter(step.requests));
    std::ranges::move(accepted.events, std::back_inserter(step.events));
  } else if (is_new && password != Password::TheyEnterPin) {
    step.events.emplace_back(LinkRequested{device, password == Password::TheyShowPin});
  }
}

void P2pDevice::provision(const ProvisionStep& event, Time now, Step& step) {
  if (!event.group.empty() || (state_ == State::Up && event.what != Provision::ButtonResponse))
    return wants_into_group(event, step);
  switch (event.what) {
    case Provision::ButtonRequest:
      return requested(event.device, {.password = Password::Button, .shown_pin = {}}, now, step);
    case Provision::ShowPin: {
      // Repeated with a new PIN each time: the newest counts.
      if (!requests_.contains(event.device) && requests_.size() >= kMaxRequests) return;
      requests_[event.device] = {
          .password = Password::TheyEnterPin, .shown_pin = event.pin, .expires = now + kRequestTime};
      step.events.emplace_back(PinShown{event.device, event.pin});
      return;
    }
    case Provision::EnterPin:
      step.events.emplace_back(PinWanted{event.device});
      return;
    case Provision::ButtonResponse:
      return;
  }
}

// Our group is open to whom we invited, and to others by the same policy as a new group.
void P2pDevice::wants_into_group(const ProvisionStep& event, Step& step) {
  if (!group_ || group_->role != GroupRole::Owner) return;
  const bool invited = attempt_ && attempt_->device == event.device;
  if (event.what == Provision::ShowPin) {
    step.requests.push_back({.text = command::allow_pin(event.pin), .group = group_->interface});
    step.events.emplace_back(PinShown{event.device, event.pin});
  } else if (event.what == Provision::ButtonRequest && (invited || options_.accept == AcceptPolicy::Button)) {
    step.requests.push_back({.text = command::allow_button(event.device), .group = group_->interface});
  } else if (event.what == Provision::ButtonRequest && options_.accept == AcceptPolicy::Ask &&
             requests_.size() < kMaxRequests) {
    requests_[event.device] = {.password = Password::Button, .shown_pin = {}, .expires = Time::max()};
    step.events.emplace_back(LinkRequested{event.device});
  }
}

void P2pDevice::invited(const InvitationReceived& event, Time now, Step& step) {
  if (!event.owner) return;  // a persistent group: the supplicant has decided
  requested(event.owner, {.password = Password::Button, .shown_pin = {}, .join = true}, now, step);
}

P2pDevice::Step P2pDevice::accept(const MacAddress& device, const std::string& pin, Time now) {
  Step step;
  const auto found = requests_.find(device);
  const auto refuse = [&](std::string reason) {
    step.events.emplace_back(ConnectFailed{device, std::move(reason)});
    return step;
  };
  if (found == requests_.end()) return refuse("it does not ask for a connection");
  const Request request = found->second;
  if (request.password == Password::TheyShowPin && !command::is_valid_pin(pin))
    return refuse("enter the PIN that it shows: --pin");
  requests_.erase(found);
  if (group_) {
    step.requests.push_back({.text = command::allow_button(device), .group = group_->interface});
    return step;
  }
  if (attempt_) return refuse("busy with connecting to " + name_of(attempt_->device));
  command::Method method = command::Button{};
  if (request.password == Password::TheyShowPin) method = command::EnterPin{pin};
  attempt_ = {.device = device,
              .method = method,
              .deadline = now + kJoinTime,
              .join = request.join,
              .intent = options_.intent};
  if (!request.join) attempt_->answer_again = now + kAnswerAgain;
  enter(State::Connecting);
  order_connect(step);
  return step;
}

P2pDevice::Step P2pDevice::reject(const MacAddress& device, Time now) {
  Step step;
  if (requests_.erase(device) > 0) refuse(device, now, step);
  return step;
}

void P2pDevice::refuse(const MacAddress& device, Time now, Step& step) {
  step.requests.push_back({.why = Why::Optional, .text = command::reject(device)});
  if (!flush_due_) flush_due_ = now + kRefusalTime;
}

}  // namespace wfdcast::discovery
