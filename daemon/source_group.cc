// The group of a source: which one, who else sends there, and who may watch it without our software.
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

// Two streams in one group break both. Another group while nobody is on it; else a person has to know.
void SourceDaemon::group_is_shared(Ipv4Address sender) {
  const auto group = stream_.group().group();
  const auto end_of_line = group_lines_.take(sender, loop_.now());
  log(end_of_line ? Severity::Warning : Severity::Debug, "stream.group: {} sends to {}:{} too{}",
      to_string(sender), to_string(group.address), group.port, end_of_line.value_or(""));
  if (config_.stream.group != "auto" || stream_.group().playing_on_group() > 0) return;
  ++group_attempt_;
  stream_.set_group(chosen_group());
  log(end_of_line ? Severity::Notice : Severity::Debug, "stream.group: {} from now on",
      to_string(stream_.group().group().address));
  watch_.watch(stream_.group().group());
}

void SourceDaemon::deliveries_changed() {
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
