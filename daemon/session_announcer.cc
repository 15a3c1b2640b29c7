#include "daemon/session_announcer.h"

#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

namespace {

// RFC 2974 section 3.1 asks for no more than 4,000 bit/s for all announcements of a scope.
constexpr Duration kInterval = 30s;

}  // namespace

SessionAnnouncer::SessionAnnouncer(platform::EventLoop& loop, const Interfaces& interfaces, int ttl,
                                   Current current)
    : loop_(loop),
      interfaces_(interfaces),
      ttl_(ttl),
      current_(std::move(current)),
      hash_(static_cast<std::uint16_t>(platform::random_u64() | 1)),
      timer_(loop, [this] { announce(stream::SapKind::Announcement); }) {
  auto socket = platform::UdpSocket::open(loop, {}, {});
  if (socket) {
    socket_ = std::move(*socket);
  } else {
    platform::log(platform::Severity::Warning, "stream.announce: {}", socket.error().message());
  }
}

SessionAnnouncer::~SessionAnnouncer() {
  if (announced_) announce(stream::SapKind::Deletion);
}

void SessionAnnouncer::look() {
  const auto current = current_();
  if (current.has_value() == announced_.has_value()) return;
  if (!current) {
    announce(stream::SapKind::Deletion);
    announced_.reset();
    timer_.set(std::nullopt);
    return;
  }
  announced_ = current;
  ++hash_;
  announce(stream::SapKind::Announcement);
}

void SessionAnnouncer::announce(stream::SapKind kind) {
  if (!socket_ || !announced_) return;
  const auto target = stream::sap_target(announced_->group.address);
  for (const UsableInterface& interface : interfaces_.usable()) {
    announced_->source = interface.address;
    const auto packet = stream::sap_packet(kind, hash_, *announced_);
    (void)socket_->set_multicast_sending({.interface_index = interface.index, .ttl = ttl_});
    (void)socket_->send_from(interface.index, target, packet);
  }
  timer_.set(loop_.now() + kInterval);
}

}  // namespace wfdcast::daemon
