#include "daemon/line_quota.h"

#include <fmt/format.h>

#include <utility>

namespace wfdcast::daemon {

bool LineQuota::may_say(Ipv4Address address, Time now) {
  const auto over = [now](const auto& entry) { return now - entry.second.since >= kInterval; };
  if (!addresses_.contains(address)) {
    if (addresses_.size() >= kMaxAddresses) std::erase_if(addresses_, over);
    if (addresses_.size() >= kMaxAddresses) return false;
  }
  const auto entry = addresses_.try_emplace(address, Address{now, 0}).first;
  if (over(*entry)) entry->second = {now, 0};
  return entry->second.said++ < lines_;
}

std::optional<std::string> LineQuota::take(Ipv4Address address, Time now) {
  if (!may_say(address, now)) {
    ++kept_back_;
    return std::nullopt;
  }
  const std::uint64_t kept = std::exchange(kept_back_, 0);
  return kept == 0 ? std::string() : fmt::format(" ({} such lines kept back before)", kept);
}

}  // namespace wfdcast::daemon
