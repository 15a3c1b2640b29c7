#include "stream/path_watch.h"

namespace wfdcast::stream {

void PathWatch::expect(Delivery path) {
  switch (path) {
    case Delivery::Unicast:
      phase_ = Phase::Unicast;
      group_ = Group::Unheard;
      break;
    case Delivery::Multicast:
      phase_ = Phase::Group;
      begin_waiting();
      break;
  }
}

void PathWatch::compare_group() {
  phase_ = Phase::Comparing;
  group_ = Group::Unheard;
  comparison_.start();
  begin_waiting();
}

void PathWatch::resume(Time now) {
  flow_ = Flow::Running;
  last_packet_ = now;
  begin_waiting();
}

void PathWatch::begin_waiting() {
  waiting_from_.reset();
  asked_ = 0;
}

void PathWatch::arrived(Delivery path, std::uint64_t index, Time now, std::vector<ReceiverEvent>& events) {
  last_packet_ = now;
  if (path == Delivery::Multicast) group_ = Group::Heard;
  if (phase_ == Phase::Returning && path == Delivery::Unicast) {
    phase_ = Phase::Unicast;
    events.emplace_back(UnicastArrived{});
  }
  if (phase_ != Phase::Comparing) return;
  // As long as unicast brings nothing either, the group is not to blame.
  if (!waiting_from_) waiting_from_ = now;
  comparison_.arrived(path, index, now);
  if (auto verdict = comparison_.verdict(now)) {
    phase_ = Phase::Compared;
    events.push_back(std::move(*verdict));
  }
}

bool PathWatch::watching() const {
  if (flow_ == Flow::Paused) return false;
  switch (phase_) {
    case Phase::Unicast:
    case Phase::Compared:
    case Phase::Returning:
      return false;
    case Phase::Comparing:
      return group_ == Group::Unheard;
    case Phase::Group:
      return group_ != Group::Silent;
  }
  return false;
}

void PathWatch::tick(Time now, std::vector<ReceiverEvent>& events) {
  if (!watching()) return;
  if (group_ == Group::Unheard) {
    wait_for_group(now, events);
  } else if (now - last_packet_ >= kSilence) {
    group_ = Group::Silent;
    events.emplace_back(GroupSilent{});
  }
}

void PathWatch::wait_for_group(Time now, std::vector<ReceiverEvent>& events) {
  if (!waiting_from_) {
    if (phase_ == Phase::Group) waiting_from_ = now;
    return;
  }
  const Duration waited = now - *waiting_from_;
  if (waited < kGiveUp) {
    if (waited / kAskAgain <= asked_) return;
    asked_ = waited / kAskAgain;
    events.emplace_back(GroupMissing{});
  } else if (phase_ == Phase::Comparing) {
    phase_ = Phase::Compared;
    events.emplace_back(GroupUnfit{"nothing arrived from the group"});
  } else {
    group_ = Group::Silent;
    events.emplace_back(GroupSilent{});
  }
}

std::optional<Time> PathWatch::next_deadline() const {
  if (!watching()) return std::nullopt;
  if (group_ == Group::Heard) return last_packet_ + kSilence;
  if (waiting_from_) return *waiting_from_ + (asked_ + 1) * kAskAgain;
  // The first tick() tells the time; unicast does when both are expected.
  if (phase_ == Phase::Group) return Time{};
  return std::nullopt;
}

}  // namespace wfdcast::stream
