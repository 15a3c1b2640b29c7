#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "platform/udp_socket.h"

namespace wfdcast::platform {

inline constexpr std::size_t kBatch = 64;  // datagrams in one system call

// The memory of recvmmsg: datagrams, senders and control messages, all
// allocated once. Pages that no datagram has reached stay untouched.
class ReceiveBatch {
 public:
  explicit ReceiveBatch(std::size_t max_datagram);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // What waits now, at most kBatch; valid until the next call.
  [[nodiscard]] std::span<const UdpSocket::Datagram> read(int fd);
  // The socket's SO_RXQ_OVFL counter, made 64 bits wide.
  [[nodiscard]] std::uint64_t kernel_drops() const { return drops_; }

 private:
  static constexpr std::size_t kControlSize =
      CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint32_t));
  struct Control {
    alignas(cmsghdr) std::array<char, kControlSize> bytes;
  };
  void describe(std::size_t index);
  void read_control(const cmsghdr& control, UdpSocket::Datagram& datagram);

  std::size_t max_datagram_;
  std::unique_ptr<std::uint8_t[]> memory_;
  std::array<Control, kBatch> controls_;
  std::array<sockaddr_in, kBatch> senders_{};
  std::array<iovec, kBatch> pieces_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::array<UdpSocket::Datagram, kBatch> datagrams_{};
  std::uint32_t last_overflow_ = 0;
  std::uint64_t drops_ = 0;
};

// The memory of sendmmsg. Where the kernel can (4.18), packets of one size that
// go to one target are one message that it cuts (UDP_SEGMENT): the receivers
// get ordinary datagrams, the stack is walked once instead of once a packet.
class SendBatch {
 public:
  explicit SendBatch(int fd);
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  // Every packet to every target. Returns how many datagrams the kernel took.
  // One that it refuses (no route, device queue full) does not hold up the
  // others; when the socket's buffer is full, the rest is not tried.
  // `times`: when each of the packets is to leave (SCM_TXTIME); or none.
  std::size_t send(std::span<const ByteView> packets, std::span<const Endpoint> targets,
                   std::span<const Time> times);

  void never_segment() { segments_ = false; }

 private:
  enum class State { Going, BufferFull };
  struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint64_t))> bytes;
  };
  // Pieces, from `first` on, for as many of `packets` as the kernel can cut from one message.
  [[nodiscard]] std::span<iovec> take_run(std::span<const ByteView> packets, std::size_t first);
  void add(std::span<iovec> run, const Endpoint& target, std::optional<Time> time);
  // Hands all of it to the kernel and empties the batch.
  State flush();
  State send_uncut(const msghdr& message);

  int fd_;
  bool segments_;  // UDP_SEGMENT works here
  std::array<sockaddr_in, kBatch> targets_{};
  std::array<iovec, kBatch> pieces_{};
  std::array<Control, kBatch> controls_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::size_t count_ = 0;  // messages
  std::size_t sent_ = 0;   // datagrams
};

}  // namespace wfdcast::platform
