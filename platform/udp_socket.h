#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "platform/event_loop.h"

namespace wfdcast::platform {

// A bound UDP socket on the loop. Reads come in batches (recvmmsg), writes go
// out in batches (sendmmsg). Not movable once open: it comes as a unique_ptr.
// Without a callback it only sends.
class UdpSocket {
 public:
  struct Options {
    Endpoint bind = {};       // address none: any; a group address filters to that group
    std::string device = {};  // SO_BINDTODEVICE; empty: none
    bool reuse_address = false;
    bool broadcast = false;  // SO_BROADCAST
    int ttl = 0;             // IP_TTL; 0: the system's
    int receive_buffer = 0;  // bytes; SO_RCVBUFFORCE where allowed, else SO_RCVBUF; 0: the system's
    int send_buffer = 0;
    std::size_t max_datagram = 2048;
    // After a read the next one comes this much later, at most 1,024 datagrams:
    // a flood costs one wake-up an interval, an idle socket none. Zero: at once.
    Duration read_interval{};
  };
  struct Datagram {
    ByteView bytes;  // longer ones are cut and marked
    Endpoint sender;
    Ipv4Address destination;  // IP_PKTINFO
    int interface_index = 0;  // IP_PKTINFO
    int ttl = 0;              // IP_RECVTTL
    bool truncated = false;
  };
  using OnDatagrams = std::function<void(std::span<const Datagram>)>;

  [[nodiscard]] static Result<std::unique_ptr<UdpSocket>> open(EventLoop& loop, const Options& options,
                                                               OnDatagrams on_datagrams);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // Joins or leaves by interface index (ip_mreqn); IP_MULTICAST_ALL is 0. `source`: what this one sends to
  // the group only (SSM, RFC 4607).
  [[nodiscard]] Result<void> join(Ipv4Address group, int interface_index, Ipv4Address source = {});
  [[nodiscard]] Result<void> leave(Ipv4Address group, int interface_index, Ipv4Address source = {});
  struct MulticastSending {
    int interface_index = 0;
    int ttl = 2;
    bool loop = false;
  };
  [[nodiscard]] Result<void> set_multicast_sending(const MulticastSending& sending);

  // For the queueing discipline fq, which sends the packets of this socket at no more than that, each for
  // itself.
  void set_pacing_rate(std::uint64_t bytes_a_second);
  // send() may say when each packet is to leave (SO_TXTIME, Linux 4.19): fq heeds it, other disciplines send
  // at once. False: this kernel does not know it.
  [[nodiscard]] bool set_transmit_times();
  // Every packet to every target (sendmmsg). Packets of one size for one target
  // are handed over together where the kernel can cut them apart (UDP_SEGMENT).
  // Returns how many datagrams it took; never blocks. The others count as send_errors().
  // `times`: only after set_transmit_times(); one for each packet, or none.
  std::size_t send(std::span<const ByteView> packets, std::span<const Endpoint> targets,
                   std::span<const Time> times = {});
  // One datagram out of one interface (IP_PKTINFO); index 0: by route.
  [[nodiscard]] Result<void> send_from(int interface_index, const Endpoint& target, ByteView datagram);

  // Whether the kernel has the link-layer address of a host on the interface
  // `device`, so that what is sent to it leaves at once (ARP is done).
  [[nodiscard]] bool resolved(const std::string& device, Ipv4Address host) const;

  [[nodiscard]] std::uint16_t port() const;          // the bound one
  [[nodiscard]] int receive_buffer_size() const;     // SO_RCVBUF as the kernel has it: twice what it granted
  [[nodiscard]] std::uint64_t kernel_drops() const;  // SO_RXQ_OVFL
  [[nodiscard]] std::uint64_t send_errors() const;

 private:
  struct Impl;
  explicit UdpSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Two sockets on an even port and the next odd one (RTP and RTCP), from
// `first` on when it is not zero, else any.
struct UdpPair {
  std::unique_ptr<UdpSocket> rtp, rtcp;
};
[[nodiscard]] Result<UdpPair> open_pair(EventLoop& loop, UdpSocket::Options options, std::uint16_t first,
                                        UdpSocket::OnDatagrams on_rtp, UdpSocket::OnDatagrams on_rtcp);

}  // namespace wfdcast::platform
