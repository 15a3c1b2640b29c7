// The group of a source: which one, who else sends there, and who may watch it without our software.
#include <utility>

#include "daemon/source_daemon.h"
#include "platform/log.h"
#include "stream/group_choice.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

Ipv4Address SourceDaemon::chosen_group() const {
  const auto kind = config_.stream.ssm ? stream::GroupKind::SourceSpecific : stream::GroupKind::AnySource;
  return config_.stream.group == "auto" ? stream::choose_group(environment_.id(), group_attempt_, kind)
                                        : *parse_address(config_.stream.group);
}

// Two streams in one group take each other's air. So many sinks at most are moved while they play, for each
// has a copy of its own meanwhile, and not again soon, since anybody may send there; else a person has to
// know. A start may meet several groups that are taken.
constexpr int kMostMoved = 8;
constexpr int kMovesInARow = 4;  // while no sink is there
constexpr Duration kMoveAgain = 1min;

void SourceDaemon::group_is_shared(Ipv4Address sender) {
  const auto group = stream_.group().group();
  const Time now = loop_.now();
  const auto end_of_line = group_lines_.take(sender, now);
  log(end_of_line ? Severity::Warning : Severity::Debug, "stream.group: {} sends to {}:{} too{}",
      to_string(sender), to_string(group.address), group.port, end_of_line.value_or(""));
  const int on_group = stream_.group().playing_on_group();
  if (group_moved_ && now >= *group_moved_ + kMoveAgain) group_moves_ = 0;
  const bool too_many = on_group > kMostMoved || group_moves_ >= (on_group > 0 ? 1 : kMovesInARow);
  if (config_.stream.group != "auto" || too_many) return;
  group_moved_ = now;
  ++group_moves_;
  ++group_attempt_;
  const Ipv4Address next = chosen_group();
  stream_.set_group(next);
  log(end_of_line ? Severity::Notice : Severity::Debug, "stream.group: {} from now on", to_string(next));
  watch_.watch({next, config_.stream.rtp_port});
}

// All sinks are looked at: once for all that changes in some milliseconds, for thousands may come in a
// second.
void SourceDaemon::deliveries_changed() {
  if (!std::exchange(deliveries_look_, true)) look_timer_.set(loop_.now() + 20ms);
}

void SourceDaemon::look_at_deliveries() {
  deliveries_look_ = false;
  tune_wireless();
  if (announcer_) announcer_->look();
}

stream::SessionDescription SourceDaemon::description() const {
  const auto& usable = interfaces_.usable();
  return {.name = config_.name,
          .id = static_cast<std::uint64_t>(stream_.ssrc().value),
          .version = group_attempt_ + 1,
          .source = usable.empty() ? Ipv4Address{} : usable.front().address,
          .group = stream_.group().group(),
          .ttl = config_.stream.ttl};
}

Result<json, RpcError> SourceDaemon::sdp() const {
  if (stream_.secure()) return fail(failed("sdp: security.mode is \"paired\": nobody else can watch"));
  if (config_.stream.delivery == stream::DeliveryPolicy::Unicast)
    return fail(failed("sdp: stream.delivery is \"unicast\": there is no group"));
  return json{{"sdp", stream::serialize(description())}};
}

}  // namespace wfdcast::daemon
