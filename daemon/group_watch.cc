#include "daemon/group_watch.h"

#include <algorithm>

#include "stream/rtp.h"

namespace wfdcast::daemon {

using platform::UdpSocket;

namespace {

// A stream there is read this often, and no more of it than the buffer holds.
constexpr Duration kLook = 500ms;
constexpr int kBuffer = 16 * 1024;
constexpr std::size_t kMostForeign = 8;

}  // namespace

GroupWatch::GroupWatch(platform::EventLoop& loop, const Interfaces& interfaces, OnForeign on_foreign)
    : loop_(loop), interfaces_(interfaces), on_foreign_(std::move(on_foreign)) {}

void GroupWatch::watch(const Endpoint& group) {
  group_ = group;
  foreign_.clear();
  joined_.clear();
  UdpSocket::Options options;
  options.bind = group;
  options.reuse_address = true;
  options.receive_buffer = kBuffer;
  options.read_interval = kLook;
  auto socket = UdpSocket::open(loop_, options, [this](auto datagrams) { receive(datagrams); });
  if (!socket) return;  // the stream runs without it
  // We may be inside the callback of the one before.
  loop_.post([before = std::make_shared<std::unique_ptr<UdpSocket>>(std::move(socket_))] {});
  socket_ = std::move(*socket);
  interfaces_changed();
}

void GroupWatch::interfaces_changed() {
  if (!socket_) return;
  std::erase_if(joined_, [&](int index) { return interfaces_.by_index(index) == nullptr; });
  for (const UsableInterface& interface : interfaces_.usable()) {
    if (std::ranges::find(joined_, interface.index) != joined_.end()) continue;
    if (socket_->join(group_.address, interface.index)) joined_.push_back(interface.index);
  }
}

void GroupWatch::receive(std::span<const UdpSocket::Datagram> datagrams) {
  for (const auto& datagram : datagrams) {
    const Ipv4Address sender = datagram.sender.address;
    const auto packet = stream::parse_rtp(datagram.bytes);
    if (!packet || interfaces_.by_address(sender)) continue;
    const bool known = std::ranges::find(foreign_, sender) != foreign_.end();
    if (known ? loop_.now() < told_ + kTellAgain : foreign_.size() >= kMostForeign) continue;
    if (!known) foreign_.push_back(sender);
    told_ = loop_.now();
    on_foreign_(sender);
    return;  // the socket may be another one now
  }
}

}  // namespace wfdcast::daemon
