#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"
#include "daemon/interfaces.h"
#include "platform/udp_socket.h"

namespace wfdcast::daemon {

// Where the packets of the stream leave the board: RTP and RTCP sockets on an even port and the next one, and
// for each interface that the group is sent on one more on the RTP port (multicast leaves by the interface
// that its socket names).
class StreamOutlets {
 public:
  using OnRtcp = std::function<void(const platform::UdpSocket::Datagram&)>;

  // Throws std::system_error.
  StreamOutlets(platform::EventLoop& loop, const decltype(Config::stream)& config, OnRtcp on_rtcp);

  // The group is sent on those of the usable interfaces that are needed, from now on. Returns what went
  // wrong.
  [[nodiscard]] std::vector<std::string> use(const std::vector<UsableInterface>& usable,
                                             const std::function<bool(int interface_index)>& needed);

  // `times`: when each packet is to leave, where takes_times(); else none.
  void send_to_group(std::span<const ByteView> packets, const Endpoint& group,
                     std::span<const Time> times = {});
  void send(std::span<const ByteView> packets, std::span<const Endpoint> targets);
  void send_report_to_group(ByteView compound, const Endpoint& group);
  void send_report(ByteView compound, const Endpoint& target);

  // What spaces the packets of the group: "tbf" or "fq", where these are the queueing discipline of all its
  // interfaces and packets may be handed over together, else "timer".
  [[nodiscard]] std::string_view pacing() const;
  [[nodiscard]] bool kernel_paces() const { return pacing() != kTimer; }
  // fq sends each packet at its own time, and needs no rate for it.
  [[nodiscard]] bool takes_times() const;
  // Of the stream: fq spaces its packets for a little more, where it is not told their times.
  void set_bitrate(std::uint64_t bitrate);

  [[nodiscard]] PortPair ports() const { return {sockets_.rtp->port(), sockets_.rtcp->port()}; }

 private:
  static constexpr std::string_view kTimer = "timer", kShaper = "tbf", kFairQueue = "fq";
  struct Outlet {
    int interface_index = 0;
    std::unique_ptr<platform::UdpSocket> socket;
    std::string_view pacing;
    bool takes_times = false;
  };
  [[nodiscard]] Result<void> add(const UsableInterface& interface);

  platform::EventLoop& loop_;
  const decltype(Config::stream)& config_;
  platform::UdpPair sockets_;
  std::vector<Outlet> outlets_;
};

}  // namespace wfdcast::daemon
