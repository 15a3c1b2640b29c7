#include "media/udp_input.h"

#include <fmt/format.h>

#include <utility>

namespace wfdcast::media {
namespace {

constexpr std::size_t kTsPacket = 188;
constexpr std::uint8_t kSyncByte = 0x47;
constexpr int kReceiveBuffer = 1024 * 1024;

bool is_ts(ByteView bytes) {
  if (bytes.empty() || bytes.size() % kTsPacket != 0) return false;
  for (std::size_t at = 0; at < bytes.size(); at += kTsPacket) {
    if (bytes[at] != kSyncByte) return false;
  }
  return true;
}

// RFC 3550 section 5.1; empty when it is not RTP.
ByteView rtp_payload(ByteView packet) {
  ByteReader in(packet);
  const std::uint8_t flags = in.u8();
  in.skip(11);
  in.skip(std::size_t{4} * (flags & 0x0F));  // CSRC
  if ((flags & 0x10) != 0) {                 // extension
    in.skip(2);
    in.skip(std::size_t{4} * in.u16());
  }
  if (!in.ok() || flags >> 6 != 2 || in.remaining() == 0) return {};
  const std::size_t padding = (flags & 0x20) != 0 ? packet.back() : 0;
  if (padding > in.remaining()) return {};
  return in.bytes(in.remaining() - padding);
}

}  // namespace

ByteView ts_in_datagram(ByteView datagram) {
  if (is_ts(datagram)) return datagram;
  const ByteView payload = rtp_payload(datagram);
  return is_ts(payload) ? payload : ByteView{};
}

Result<std::unique_ptr<TsInput>, std::string> UdpInput::open(platform::EventLoop& loop, Endpoint endpoint,
                                                             Callbacks callbacks) {
  auto input = std::make_unique<UdpInput>(std::move(callbacks));
  const bool group = endpoint.address.is_multicast();
  const platform::UdpSocket::Options options{
      .bind = endpoint, .reuse_address = group, .receive_buffer = kReceiveBuffer, .max_datagram = 65536};
  UdpInput* self = input.get();
  auto socket = platform::UdpSocket::open(
      loop, options,
      [self](std::span<const platform::UdpSocket::Datagram> datagrams) { self->on_datagrams(datagrams); });
  if (!socket) return fail(socket.error().message());
  if (group) {
    const auto joined = (*socket)->join(endpoint.address, 0);
    if (!joined) return fail("joining the group: " + joined.error().message());
  }
  input->socket_ = std::move(*socket);
  return input;
}

void UdpInput::on_datagrams(std::span<const platform::UdpSocket::Datagram> datagrams) {
  for (const auto& datagram : datagrams) {
    const ByteView ts = datagram.truncated ? ByteView{} : ts_in_datagram(datagram.bytes);
    if (!ts.empty() && started_) callbacks_.on_bytes(ts);
    if (!ts.empty() || std::exchange(complained_, true) || !callbacks_.on_trouble) continue;
    callbacks_.on_trouble(
        fmt::format("udp: a datagram from {} that is neither MPEG-TS nor MPEG-TS in RTP, ignoring such",
                    to_string(datagram.sender)));
  }
}

}  // namespace wfdcast::media
