#include "daemon/membership_refresh.h"

#include "platform/log.h"
#include "stream/igmp.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

MembershipRefresh::MembershipRefresh(platform::EventLoop& loop, Duration interval)
    : loop_(loop), interval_(interval), timer_(loop, [this] { refresh(); }) {}

void MembershipRefresh::start(const UsableInterface& interface, Ipv4Address group, Ipv4Address source) {
  stop();
  if (interval_ == 0ns) return;
  auto socket = platform::IgmpSocket::open(loop_, interface.name, interface.index, {});
  if (!socket) {
    log(Severity::Warning, "stream: the membership on {} is not refreshed: {}", interface.name,
        socket.error().message());
    return;
  }
  socket_ = std::move(*socket);
  interface_ = interface.name;
  group_ = group;
  source_ = source;
  timer_.set(loop_.now() + interval_);
}

void MembershipRefresh::stop() {
  timer_.set(std::nullopt);
  socket_.reset();
}

// In the version that the kernel uses there: that of the querier it heard.
void MembershipRefresh::refresh() {
  const bool v3 = platform::igmp_version(interface_) >= 3;
  const auto report =
      stream::membership_report(v3 ? stream::IgmpVersion::V3 : stream::IgmpVersion::V2, group_, source_);
  if (const auto sent = socket_->send(report.target, report.bytes()); !sent)
    log(Severity::Debug, "stream: membership report on {}: {}", interface_, sent.error().message());
  timer_.set(loop_.now() + interval_);
}

}  // namespace wfdcast::daemon
