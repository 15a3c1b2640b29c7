#include "media/udp_output.h"

#include <algorithm>
#include <utility>

#include "media/pipe_writer.h"

namespace wfdcast::media {
namespace {

constexpr std::size_t kDatagram = 7 * kTsPacket;  // fits any 1500-byte MTU
constexpr int kGroupTtl = 1;                      // the receiver is on this board or this link

}  // namespace

Result<std::unique_ptr<TsOutput>, std::string> UdpOutput::open(platform::EventLoop& loop, Endpoint target) {
  auto socket =
      platform::UdpSocket::open(loop, {.bind = {}}, [](std::span<const platform::UdpSocket::Datagram>) {});
  if (!socket) return fail(socket.error().message());
  if (target.address.is_multicast()) {
    const auto set = (*socket)->set_multicast_sending({.ttl = kGroupTtl, .loop = true});
    if (!set) return fail(set.error().message());
  }
  return std::make_unique<UdpOutput>(std::move(*socket), target);
}

void UdpOutput::write(ByteView ts) {
  ts = ts.first(ts.size() - ts.size() % kTsPacket);
  while (!ts.empty()) {
    const ByteView datagram = ts.first(std::min(ts.size(), kDatagram));
    if (socket_->send({&datagram, 1}, {&target_, 1}) == 0) dropped_ += datagram.size();
    ts = ts.subspan(datagram.size());
  }
}

}  // namespace wfdcast::media
