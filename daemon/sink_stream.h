#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "daemon/group_cipher.h"
#include "daemon/interfaces.h"
#include "daemon/membership_refresh.h"
#include "media/ts_output.h"
#include "platform/udp_socket.h"
#include "stream/rtcp_compound.h"
#include "stream/rtcp_schedule.h"
#include "stream/rtp_receiver.h"
#include "wfd/transport.h"

namespace wfdcast::daemon {

// The stream of one session at a sink: sockets, group membership, receiver,
// output, receiver reports. It lives as long as the session.
class SinkStream {
 public:
  struct Callbacks {
    std::function<void(Delivery, const std::string& detail)>
        on_delivery;                        // tell the source (wfdcast_delivery)
    std::function<void()> on_picture_lost;  // ask for an IDR
    std::function<void()> on_heard;         // proof of life
  };
  // What the kernel gave at the last join.
  struct Socket {
    int receive_buffer = 0;
    std::optional<int> rp_filter;
  };

  // Opens the unicast ports. Throws std::system_error.
  SinkStream(platform::EventLoop& loop, const Config& config, const Interfaces& interfaces,
             std::string interface, media::TsOutput& output, const std::optional<SessionKeys>& keys,
             Callbacks callbacks);
  ~SinkStream();

  [[nodiscard]] PortPair ports() const;
  void start(const Transport& transport, Ipv4Address peer);
  void add_key(const GroupKey& key);  // of the group; inside TLS only
  void play();
  void pause();
  void move(const Transport& transport);
  // The interface may be back under another index: join again.
  void interfaces_changed();

  [[nodiscard]] Delivery delivery() const;
  [[nodiscard]] const std::string& interface() const { return interface_; }
  [[nodiscard]] stream::RtpReceiver::Counters counters() const;
  [[nodiscard]] std::optional<stream::ReportBlock> last_block() const { return last_block_; }
  [[nodiscard]] std::uint64_t bitrate() const { return bitrate_; }
  [[nodiscard]] std::optional<Duration> round_trip() const { return round_trip_; }
  // Packets that were forged or under a key that is over; and those whose number was read before: replayed,
  // or retransmissions to the group, which others asked for.
  [[nodiscard]] std::uint64_t refused() const;
  [[nodiscard]] std::uint64_t repeated() const;
  [[nodiscard]] const Socket& socket() const { return socket_; }

 private:
  static constexpr int kReceiveBuffer = 2 * 1024 * 1024;
  enum class Phase { Unicast, Comparing, Group, Returning };
  using Datagrams = std::span<const platform::UdpSocket::Datagram>;

  void receive(Datagrams datagrams, Delivery path);
  [[nodiscard]] ByteView opened(ByteView packet, Delivery path);
  void receive_parity(Datagrams datagrams);
  void receive_fec(Datagrams datagrams);
  [[nodiscard]] security::GroupKeyRing& ring(Delivery path) {
    return path == Delivery::Multicast ? rings_->group : rings_->unicast;
  }
  [[nodiscard]] bool from_source(const platform::UdpSocket::Datagram& datagram, std::uint16_t port) const;
  void carry_out(const std::vector<stream::ReceiverEvent>& events);
  void deliver();
  void after_packets();
  void report(Delivery delivery, const std::string& detail);

  // RTCP (sink_reports.cc).
  void receive_rtcp(Datagrams datagrams, Delivery path);
  void understand(const stream::RtcpPacket& packet);
  void learn_clock(const stream::ReferenceDelays& delays, Time now);
  void ask_again();
  void send_report(bool bye);
  std::size_t send_rtcp(const stream::SinkCompound& compound);

  // Group membership (sink_group.cc).
  [[nodiscard]] Result<void> join();
  [[nodiscard]] Result<std::unique_ptr<platform::UdpSocket>> open_on_group(
      std::uint16_t port, int interface_index, platform::UdpSocket::OnDatagrams on_datagrams);
  // Whose packets alone the group is joined for: of a source-specific group (232/8), else none.
  [[nodiscard]] Ipv4Address group_source() const;
  void leave();

  platform::EventLoop& loop_;
  const Config& config_;
  const Interfaces& interfaces_;
  std::string interface_;
  media::TsOutput& output_;
  Callbacks callbacks_;
  Ssrc ssrc_;
  std::string cname_;
  Phase phase_ = Phase::Unicast;
  Transport transport_;
  Ipv4Address source_;
  std::optional<stream::RtpReceiver> receiver_;
  std::optional<stream::RtcpSchedule> reports_;
  std::optional<stream::ReportBlock> last_block_;
  std::optional<Duration> round_trip_;
  std::optional<Time> clock_asked_;            // stream.sync: of the exchange under way,
  std::optional<stream::NtpTime> source_ntp_;  // and the source's clock by its last report
  std::uint64_t bitrate_ = 0, bytes_before_ = 0;
  Time bitrate_since_{};
  // Paired mode: what comes in, by each path for itself (the same packet by both is no replay), ...
  struct Rings {
    security::GroupKeyRing unicast, group;
  };
  std::optional<Rings> rings_;
  std::unique_ptr<security::SrtpSender> reporter_;  // ... and what goes out
  std::array<std::uint8_t, 1536> plain_;            // scratch of both
  Socket socket_;
  int joined_index_ = 0;
  MembershipRefresh refresh_;
  platform::Timer due_, report_timer_, leave_timer_;
  platform::UdpPair unicast_, group_;
  std::vector<std::unique_ptr<platform::UdpSocket>> group_repair_;  // parity, FEC
};

}  // namespace wfdcast::daemon
