#include "stream/multicast_group.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/text.h"

namespace wfdcast::stream {
namespace {

// A sink that does not say in time how the group reaches it stays on unicast.
constexpr Duration kJoinTimeout = 3s;
// One that does not say that unicast has come is believed to have it.
constexpr Duration kReturnTimeout = 2s;
constexpr Duration kFirstBackOff = 30s;
constexpr Duration kAfterStall = 2s;
constexpr Duration kLongestBackOff = 10min;
constexpr std::size_t kLongestNote = 200;
// One packet in a hundred missing in spite of repair is a picture that breaks
// every second; it must last for so many reports, about a second each.
constexpr double kBadLoss = 0.01;
constexpr int kBadReports = 3;

constexpr bool by_group(Path path) { return path != Path::Unicast; }
constexpr bool by_unicast(Path path) { return path != Path::Group; }

}  // namespace

const char* to_string(Path path) {
  switch (path) {
    case Path::Unicast:
      return "unicast";
    case Path::Joining:
      return "joining";
    case Path::Group:
      return "group";
    case Path::Returning:
      return "returning";
  }
  return "";
}

MulticastGroup::MulticastGroup(Endpoint group, SourceCapabilities encoder, DeliveryPolicy policy)
    : group_(group), encoder_(std::move(encoder)), policy_(policy) {}

Result<StreamFormat, std::string> MulticastGroup::admit(SessionId id, const SinkCapabilities& sink) {
  const bool alone = members_.empty() || (members_.size() == 1 && members_.contains(id));
  if (alone || !format_) {
    auto chosen = choose_format(encoder_, sink);
    if (!chosen) return fail(std::move(chosen.error()));
    format_ = *chosen;
  } else if (auto taken = accepts(sink, *format_); !taken) {
    return fail(std::move(taken.error()));
  }
  add(id, sink);
  return *format_;
}

Result<StreamFormat, std::string> MulticastGroup::renegotiate(SessionId id,
                                                              std::span<const SinkCapabilities> sinks) {
  auto chosen = choose_format(encoder_, sinks);
  if (!chosen) return fail(std::move(chosen.error()));
  format_ = *chosen;
  add(id, sinks.front());
  return *format_;
}

void MulticastGroup::add(SessionId id, const SinkCapabilities& sink) {
  Member& member = members_[id];
  member.multicast = sink.multicast;
  member.path = initial_delivery(id) == Delivery::Multicast ? Path::Group : Path::Unicast;
  account(id, member);
}

Delivery MulticastGroup::initial_delivery(SessionId id) const {
  const auto found = members_.find(id);
  const bool multicast = found != members_.end() && found->second.multicast;
  return policy_ == DeliveryPolicy::Multicast && multicast ? Delivery::Multicast : Delivery::Unicast;
}

void MulticastGroup::set_endpoint(SessionId id, Endpoint rtp) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  found->second.endpoint = rtp;
  account(id, found->second);
  rebuild();
}

std::vector<Move> MulticastGroup::play(SessionId id, Time now) {
  Moves moves;
  const auto found = members_.find(id);
  if (found == members_.end()) return moves;
  found->second.playing = true;
  found->second.since = now;
  account(id, found->second);
  settle({id}, now, moves);
  return moves;
}

std::vector<Move> MulticastGroup::pause(SessionId id, Time now) {
  Moves moves;
  const auto found = members_.find(id);
  if (found == members_.end()) return moves;
  found->second.playing = false;
  account(id, found->second);
  settle({id}, now, moves);
  return moves;
}

std::vector<Move> MulticastGroup::leave(SessionId id, Time now) {
  Moves moves;
  const auto found = members_.find(id);
  if (found == members_.end()) return moves;
  found->second.playing = false;
  account(id, found->second);
  members_.erase(found);
  if (members_.empty()) format_.reset();
  settle({}, now, moves);
  return moves;
}

std::vector<Move> MulticastGroup::report(SessionId id, Delivery delivery, std::string detail, Time now,
                                         Blame blame) {
  Moves moves;
  const auto found = members_.find(id);
  if (found == members_.end()) return moves;
  Member& member = found->second;
  const bool multicast = delivery == Delivery::Multicast;
  switch (member.path) {
    case Path::Joining:
      if (!multicast) {
        fall_back(member, std::move(detail), blame, now);
      } else {
        enter(member, Path::Group, now);
        member.note.clear();
      }
      break;
    case Path::Group:
      if (!multicast) fall_back(member, std::move(detail), blame, now);
      break;
    case Path::Returning:
      if (!multicast) enter(member, Path::Unicast, now);
      break;
    case Path::Unicast:  // late: the sink has been told to come back
      break;
  }
  account(id, member);
  settle({id}, now, moves);
  return moves;
}

std::vector<Move> MulticastGroup::tick(Time now, Blame blame) {
  Moves moves;
  const std::set<SessionId> restless = restless_;
  for (const SessionId id : restless) {
    Member& member = members_.at(id);
    if (member.path == Path::Joining && now >= member.since + kJoinTimeout && blame == Blame::Source) {
      member.since = now;
    } else if (member.path == Path::Joining && now >= member.since + kJoinTimeout) {
      fall_back(member, "the sink did not say whether the group reaches it", Blame::Path, now);
      moves.push_back({id, Delivery::Unicast});
    } else if (member.path == Path::Returning && now >= member.since + kReturnTimeout) {
      enter(member, Path::Unicast, now);
    }
    account(id, member);
  }
  settle(restless, now, moves);
  return moves;
}

std::optional<Time> MulticastGroup::next_deadline() const {
  std::optional<Time> deadline;
  for (const SessionId id : restless_) {
    const Member& member = members_.at(id);
    if (member.path == Path::Joining) deadline = earliest(deadline, member.since + kJoinTimeout);
    if (member.path == Path::Returning) deadline = earliest(deadline, member.since + kReturnTimeout);
    deadline = earliest(deadline, member.retry);
  }
  return deadline;
}

void MulticastGroup::enter(Member& member, Path path, Time now) {
  member.path = path;
  member.since = now;
}

bool MulticastGroup::is_candidate(const Member& member, Time now) {
  return member.multicast && member.playing && (!member.retry || now >= *member.retry);
}

void MulticastGroup::account(SessionId id, Member& member) {
  const bool playing = member.playing;
  const Share share{.playing = playing,
                    .candidates = playing && member.multicast && !member.retry,
                    .on_group = playing && by_group(member.path)};
  sum_.playing += share.playing - member.share.playing;
  sum_.candidates += share.candidates - member.share.candidates;
  sum_.on_group += share.on_group - member.share.on_group;
  member.share = share;
  const bool moving = member.path == Path::Joining || member.path == Path::Returning;
  if (playing && (moving || member.retry)) {
    restless_.insert(id);
  } else {
    restless_.erase(id);
  }
  if (playing && by_unicast(member.path) && member.endpoint) {
    copies_[id] = *member.endpoint;
  } else {
    copies_.erase(id);
  }
}

void MulticastGroup::settle(std::set<SessionId> changed, Time now, Moves& moves) {
  const auto tried_again = std::count_if(restless_.begin(), restless_.end(), [&](SessionId id) {
    const Member& member = members_.at(id);
    return member.retry && is_candidate(member, now);
  });
  const bool company = policy_ == DeliveryPolicy::Multicast ||
                       (policy_ == DeliveryPolicy::Auto && sum_.candidates + tried_again >= 2);
  const bool use_group = company && !next_group_;
  changed.insert(restless_.begin(), restless_.end());
  if (std::exchange(use_group_, use_group) != use_group) {
    for (const auto& [id, member] : members_) changed.insert(id);
  }
  for (const SessionId id : changed) {
    Member& member = members_.at(id);
    const bool candidate = is_candidate(member, now);
    if (candidate) member.retry.reset();
    if (member.playing)
      settle(id, member, use_group && candidate ? Delivery::Multicast : Delivery::Unicast, now, moves);
    account(id, member);
  }
  if (next_group_ && sum_.on_group == 0) {
    group_ = *std::exchange(next_group_, std::nullopt);
    for (auto& [id, member] : members_) {
      // One that is paused was told the group before, and is told the new one when it plays.
      if (by_group(member.path) && member.endpoint) enter(member, Path::Unicast, now);
    }
    return settle({}, now, moves);
  }
  rebuild();
}

void MulticastGroup::settle(SessionId id, Member& member, Delivery wanted, Time now, Moves& moves) {
  const bool towards_group = member.path == Path::Joining || member.path == Path::Group;
  if (towards_group == (wanted == Delivery::Multicast)) return;
  if (wanted == Delivery::Unicast && member.path == Path::Returning) return;
  if (wanted == Delivery::Unicast && (member.path == Path::Unicast || !member.endpoint)) return;
  enter(member, wanted == Delivery::Multicast ? Path::Joining : Path::Returning, now);
  moves.push_back({id, wanted});
}

void MulticastGroup::fall_back(Member& member, std::string why, Blame blame, Time now) {
  switch (blame) {
    case Blame::Path:
      back_off(member, now);
      break;
    case Blame::Source:
      member.retry = now + kAfterStall;
      break;
  }
  member.note = printable(std::string_view(why).substr(0, kLongestNote));
  enter(member, Path::Unicast, now);
}

// A group that was good for long is worth a new attempt soon.
void MulticastGroup::back_off(Member& member, Time now) {
  const bool was_good = member.path == Path::Group && now - member.since >= kLongestBackOff;
  const bool first = member.back_off == 0ns || was_good;
  member.back_off = first ? kFirstBackOff : std::min<Duration>(member.back_off * 2, kLongestBackOff);
  member.retry = now + member.back_off;
}

std::vector<Move> MulticastGroup::report_loss(SessionId id, double lost, Time now) {
  Moves moves;
  const auto found = members_.find(id);
  if (found == members_.end()) return moves;
  Member& member = found->second;
  const bool counts = policy_ == DeliveryPolicy::Auto && member.path == Path::Group && member.endpoint;
  member.bad_reports = counts && lost >= kBadLoss ? member.bad_reports + 1 : 0;
  if (member.bad_reports < kBadReports) return moves;
  member.bad_reports = 0;
  back_off(member, now);
  member.note =
      "multicast lost " + std::to_string(static_cast<int>(lost * 100 + 0.5)) + " % here in spite of repair";
  enter(member, Path::Returning, now);
  moves.push_back({id, Delivery::Unicast});
  account(id, member);
  settle({}, now, moves);
  return moves;
}

std::vector<Move> MulticastGroup::set_group(Endpoint group, Time now) {
  Moves moves;
  next_group_ = group;
  settle({}, now, moves);
  return moves;
}

bool MulticastGroup::group_runs() const { return !destinations_.empty() && destinations_.front() == group_; }

void MulticastGroup::rebuild() {
  destinations_.clear();
  if (sum_.on_group > 0) destinations_.push_back(group_);
  for (const auto& [id, endpoint] : copies_) destinations_.push_back(endpoint);
}

std::span<const Endpoint> MulticastGroup::destinations() const { return destinations_; }

std::optional<Path> MulticastGroup::path(SessionId id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? std::nullopt : std::optional(found->second.path);
}

std::string MulticastGroup::path_note(SessionId id) const {
  const auto found = members_.find(id);
  if (found == members_.end() || found->second.path == Path::Group) return {};
  if (!found->second.multicast) return group_runs() ? "the sink does not take multicast" : "";
  return found->second.note;
}

const std::optional<StreamFormat>& MulticastGroup::format() const { return format_; }

bool MulticastGroup::anyone_playing() const { return sum_.playing > 0; }

}  // namespace wfdcast::stream
