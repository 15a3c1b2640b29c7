#include "platform/datagram_batch.h"

#include <cerrno>
#include <cstring>

#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

template <class T>
T control_data(const cmsghdr& control) {
  T value{};
  if (control.cmsg_len >= CMSG_LEN(sizeof value)) std::memcpy(&value, CMSG_DATA(&control), sizeof value);
  return value;
}

}  // namespace

ReceiveBatch::ReceiveBatch(std::size_t max_datagram)
    : max_datagram_(max_datagram),
      memory_(std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * max_datagram)) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    pieces_[i] = {memory_.get() + i * max_datagram, max_datagram};
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &senders_[i];
    headers_[i].msg_hdr.msg_control = controls_[i].bytes.data();
  }
}

std::span<const UdpSocket::Datagram> ReceiveBatch::read(int fd) {
  for (mmsghdr& header : headers_) {
    header.msg_hdr.msg_namelen = sizeof(sockaddr_in);
    header.msg_hdr.msg_controllen = kControlSize;
  }
  int count = 0;
  do {
    count = ::recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return {};
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) describe(i);
  return std::span(datagrams_).first(static_cast<std::size_t>(count));
}

void ReceiveBatch::describe(std::size_t index) {
  const mmsghdr& header = headers_[index];
  UdpSocket::Datagram& datagram = datagrams_[index];
  datagram = {};
  datagram.bytes = {memory_.get() + index * max_datagram_, header.msg_len};
  datagram.sender = to_endpoint(senders_[index]);
  datagram.truncated = (header.msg_hdr.msg_flags & MSG_TRUNC) != 0;
  msghdr whole = header.msg_hdr;
  for (cmsghdr* control = CMSG_FIRSTHDR(&whole); control != nullptr; control = CMSG_NXTHDR(&whole, control)) {
    read_control(*control, datagram);
  }
}

void ReceiveBatch::read_control(const cmsghdr& control, UdpSocket::Datagram& datagram) {
  if (control.cmsg_level == IPPROTO_IP && control.cmsg_type == IP_PKTINFO) {
    const auto info = control_data<in_pktinfo>(control);
    datagram.destination = {ntohl(info.ipi_addr.s_addr)};
    datagram.interface_index = info.ipi_ifindex;
  } else if (control.cmsg_level == IPPROTO_IP && control.cmsg_type == IP_TTL) {
    datagram.ttl = control_data<int>(control);
  } else if (control.cmsg_level == SOL_SOCKET && control.cmsg_type == SO_RXQ_OVFL) {
    const auto overflow = control_data<std::uint32_t>(control);
    drops_ += overflow - last_overflow_;  // modulo 2^32, as the kernel counts
    last_overflow_ = overflow;
  }
}

SendBatch::SendBatch() {
  for (std::size_t i = 0; i < kBatch; ++i) {
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &targets_[i];
    headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  }
}

void SendBatch::add(ByteView packet, const sockaddr_in& target) {
  pieces_[count_] = {const_cast<std::uint8_t*>(packet.data()), packet.size()};
  targets_[count_] = target;
  ++count_;
}

SendBatch::Outcome SendBatch::flush(int fd) {
  Outcome outcome;
  for (std::size_t next = 0; next < count_;) {
    const auto left = static_cast<unsigned>(count_ - next);
    const int sent = ::sendmmsg(fd, &headers_[next], left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      next += static_cast<std::size_t>(sent);
      outcome.sent += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      outcome.buffer_full = true;
      break;
    } else if (errno != EINTR) {
      ++next;
    }
  }
  count_ = 0;
  return outcome;
}

}  // namespace wfdcast::platform
