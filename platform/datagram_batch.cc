#include "platform/datagram_batch.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "platform/socket.h"

namespace wfdcast::platform {
namespace {

// One IP packet of 64 KiB, less its headers. (At most 64 packets are cut from it: kBatch.)
constexpr std::size_t kMaxSegmented = 65'507;

iovec piece(ByteView packet) { return {const_cast<std::uint8_t*>(packet.data()), packet.size()}; }

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

SendBatch::SendBatch(int fd) : fd_(fd) {
  int size = 0;
  socklen_t length = sizeof size;
  // Older kernels would take the control message for nothing, and send one huge datagram.
  segments_ = ::getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
  for (std::size_t i = 0; i < kBatch; ++i) {
    headers_[i].msg_hdr.msg_name = &targets_[i];
    headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  }
}

std::size_t SendBatch::send(std::span<const ByteView> packets, std::span<const Endpoint> targets,
                            std::span<const Time> times) {
  sent_ = 0;
  while (!packets.empty()) {
    const std::span<const ByteView> some = packets.first(std::min(packets.size(), kBatch));
    packets = packets.subspan(some.size());
    for (std::size_t next = 0; next < some.size();) {
      const std::span<iovec> run =
          take_run(some.subspan(next, times.empty() ? std::dynamic_extent : 1), next);
      for (const Endpoint& target : targets) {
        add(run, target, times.empty() ? std::nullopt : std::optional(times[next]));
        if (count_ == kBatch && flush() == State::BufferFull) return sent_;
      }
      next += run.size();
    }
    if (flush() == State::BufferFull) break;
    if (!times.empty()) times = times.subspan(some.size());
  }
  return sent_;
}

// Packets of one size; the last may be shorter.
std::span<iovec> SendBatch::take_run(std::span<const ByteView> packets, std::size_t first) {
  const std::size_t size = packets.front().size();
  const bool cut = segments_ && size > 0;
  const std::size_t most = cut ? std::clamp<std::size_t>(kMaxSegmented / size, 1, packets.size()) : 1;
  iovec* const run = &pieces_[first];
  std::size_t count = 0;
  for (; count < most && packets[count].size() == size; ++count) run[count] = piece(packets[count]);
  if (count < most && packets[count].size() < size && !packets[count].empty()) {
    run[count] = piece(packets[count]);
    ++count;
  }
  return {run, count};
}

void SendBatch::add(std::span<iovec> run, const Endpoint& target, std::optional<Time> time) {
  targets_[count_] = to_sockaddr(target);
  msghdr& message = headers_[count_].msg_hdr;
  message.msg_iov = run.data();
  message.msg_iovlen = run.size();
  message.msg_control = nullptr;
  message.msg_controllen = 0;
  const auto say = [&](int level, int type, auto value) {
    message.msg_control = controls_[count_].bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof value);
    cmsghdr* const control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(control), &value, sizeof value);
  };
  if (time) {
    say(SOL_SOCKET, SCM_TXTIME, static_cast<std::uint64_t>(time->time_since_epoch().count()));
  } else if (run.size() > 1) {
    say(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(run.front().iov_len));
  }
  ++count_;
}

SendBatch::State SendBatch::flush() {
  State state = State::Going;
  for (std::size_t next = 0; next < count_ && state == State::Going;) {
    const auto left = static_cast<unsigned>(count_ - next);
    const int taken = ::sendmmsg(fd_, &headers_[next], left, MSG_DONTWAIT | MSG_NOSIGNAL);
    for (int i = 0; i < taken; ++i) sent_ += headers_[next++].msg_hdr.msg_iovlen;
    if (taken > 0 || errno == EINTR) continue;
    if (errno == EAGAIN) {
      state = State::BufferFull;
    } else if (errno == EIO || errno == EINVAL || errno == EMSGSIZE) {
      state = send_uncut(headers_[next++].msg_hdr);
    } else {
      ++next;
    }
  }
  count_ = 0;
  return state;
}

// A device without checksum offload refuses to cut (EIO), so does a small MTU
// (EINVAL). Where the packets go out one by one, that is the way from then on.
SendBatch::State SendBatch::send_uncut(const msghdr& message) {
  if (message.msg_iovlen == 1) return State::Going;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    msghdr one = message;
    one.msg_iov = &message.msg_iov[i];
    one.msg_iovlen = 1;
    one.msg_control = nullptr;
    one.msg_controllen = 0;
    ssize_t taken = 0;
    do {
      taken = ::sendmsg(fd_, &one, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (taken < 0 && errno == EINTR);
    if (taken < 0 && errno == EAGAIN) return State::BufferFull;
    if (taken < 0) continue;
    ++sent_;
    segments_ = false;
  }
  return State::Going;
}

}  // namespace wfdcast::platform
