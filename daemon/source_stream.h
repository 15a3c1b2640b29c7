#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/coalescer.h"
#include "base/random.h"
#include "daemon/config.h"
#include "daemon/group_cipher.h"
#include "daemon/interfaces.h"
#include "daemon/stream_outlets.h"
#include "media/ts_input.h"
#include "stream/catch_up.h"
#include "stream/fec_policy.h"
#include "stream/multicast_group.h"
#include "stream/rate_control.h"
#include "stream/repair_sender.h"
#include "stream/rtcp_compound.h"
#include "stream/rtcp_schedule.h"
#include "stream/ts_feed.h"

namespace wfdcast::daemon {

[[nodiscard]] stream::RateControl::Limits rate_limits(const Config& config,
                                                      const std::optional<StreamFormat>& format);

// The one stream that all sinks get: input, packets, sockets, RTCP. It runs
// while somebody plays, and its encoder from the first sink that was admitted.
class SourceStream {
 public:
  struct Callbacks {
    std::function<void(SessionId, const stream::RtcpPacket&)> on_rtcp;
    std::function<void(const stream::Move&)> on_move;
    std::function<void(SessionId, const GroupKey&)> on_key;  // to be told to this sink
    std::function<void(std::string)> on_trouble;
  };
  struct Counters {
    std::uint64_t packets = 0, bytes = 0;  // RTP packets that somebody was to get, with header
    std::uint64_t fec_packets = 0;
    std::uint64_t idr_requests = 0;     // asked of the encoder
    std::uint64_t catch_ups = 0;        // sinks that began with a key picture of before instead
    std::uint64_t refused_reports = 0;  // paired mode: forged or replayed
    std::uint64_t bitrate = 0;          // bit/s over the last second
  };

  // Throws ConfigError or std::system_error.
  SourceStream(platform::EventLoop& loop, const Config& config, const Interfaces& interfaces,
               const media::InputEnvironment& environment, Ipv4Address group, Callbacks callbacks);

  // A sink told what it can do: the format for it, or why not.
  [[nodiscard]] Result<StreamFormat, std::string> admit(SessionId id, const SinkCapabilities& sink,
                                                        int interface_index);
  // A format that all members and this sink can take; then plan_change() for M4,
  // and change_encoder() when the others have answered.
  [[nodiscard]] Result<StreamFormat, std::string> renegotiate(SessionId id,
                                                              std::span<const SinkCapabilities> sinks,
                                                              int interface_index);
  // The time stamp that the first picture of the next encoder will have.
  [[nodiscard]] std::uint64_t plan_change();
  void change_encoder();
  // An input that makes what is asked for, and so can be opened once more.
  [[nodiscard]] bool encodes() const { return input_->encodes(); }
  // What the SETUP answer, or a move, says to this sink.
  [[nodiscard]] Transport transport(SessionId id, Delivery delivery, Ipv4Address local) const;
  [[nodiscard]] Delivery initial_delivery(SessionId id) const { return group_.initial_delivery(id); }
  // `keys`: of a sink inside TLS; without them it gets a plain copy, and may not be in the group.
  void set_up(SessionId id, Ipv4Address sink, PortPair client, const std::optional<SessionKeys>& keys);
  void play(SessionId id);
  void pause(SessionId id);
  void leave(SessionId id);
  void report(SessionId id, Delivery delivery, const std::string& detail);
  // Paired mode only.
  [[nodiscard]] bool secure() const { return cipher_.has_value(); }
  [[nodiscard]] GroupKey key_for_newcomer();
  void key_accepted(SessionId id, std::uint32_t mki) { cipher_->accepted(id, mki); }
  void change_key();  // somebody lost the right to watch, or the key is old
  void request_idr();
  void limits_changed();  // source.bitrate, source.min_bitrate
  void say_goodbye();     // RTCP BYE to everybody
  void interfaces_changed();
  // Another group from now on; the sinks follow by way of unicast.
  void set_group(Ipv4Address group) {
    carry_out(group_.set_group({group, config_.stream.rtp_port}, loop_.now()));
  }

  [[nodiscard]] const stream::MulticastGroup& group() const { return group_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const stream::TsFeed::Counters& feed_counters() const { return feed_.counters(); }
  // nullptr: stream.repair is without "nack".
  [[nodiscard]] const stream::RepairSender* repair() const { return repair_ ? &*repair_ : nullptr; }
  // What the encoder is asked for; nullopt: the input has the bitrate that it has.
  [[nodiscard]] std::optional<std::uint64_t> wanted_bitrate() const {
    return input_->encodes() ? std::optional(rate_.bitrate()) : std::nullopt;
  }
  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] bool playing() const { return playing_; }
  [[nodiscard]] std::string_view pacing() const { return outlets_.pacing(); }

 private:
  // A program at the address of a session that is not the session's: ristreceiver on a sink's board.
  static constexpr SessionId kForeign{UINT32_MAX};
  struct Member {
    int interface_index = 0;
    PortPair client;
    Ipv4Address address;
    RepairCapabilities repair;
    std::uint32_t received = 0, lost = 0;          // by its last playout report
    unsigned longest_run = 1;                      // the same
    std::unique_ptr<security::SrtpReceiver> rtcp;  // of a sink inside TLS
  };

  void carry_out(const std::vector<stream::Move>& moves);
  void update();
  void feed_input();
  void await_due();
  void send_due();
  void send(std::span<const ByteView> packets);
  void transmit(std::span<const ByteView> packets, std::optional<Endpoint> group,
                std::span<const Endpoint> copies, std::span<const Time> times = {});
  [[nodiscard]] std::span<const Time> leave_at(std::size_t count, std::span<Time> memory) const;
  void measure_bitrate(Time now);
  [[nodiscard]] bool stalled(Time now) const;
  [[nodiscard]] Endpoint group_port(std::uint16_t above) const;

  // The format and the encoder (source_encoding.cc).
  [[nodiscard]] SourceCapabilities capabilities() const;
  void start_input();
  void make_idr();
  void set_group_timer();

  // RTCP (source_reports.cc).
  void send_report(bool bye);
  void receive_rtcp(const platform::UdpSocket::Datagram& datagram);
  [[nodiscard]] std::optional<SessionId> reporter(const platform::UdpSocket::Datagram& datagram);
  [[nodiscard]] std::optional<ByteView> opened_report(const platform::UdpSocket::Datagram& datagram,
                                                      SessionId id, ByteSpan memory);
  [[nodiscard]] stream::SenderReport sender_report(Time now) const;
  void answer_echo(const stream::Echo& echo, SessionId id, const Endpoint& sender);
  void answer_clock(const stream::ReceiverReference& reference, SessionId id, const Endpoint& sender);
  void send_answer(std::span<const stream::RtcpPacket> answer, SessionId id, const Endpoint& sender);

  // Repair, and what it needs to know (source_repair.cc).
  void set_up_repair();
  void keep_for_repair(Duration latency);
  void send_repairs();
  // Sinks that join a stream that runs (source_joining.cc).
  [[nodiscard]] bool begin_before(SessionId id);
  void send_catch_ups();
  void end_catch_ups();
  void send_fec(std::span<const ByteView> packets);
  void follow_path(SessionId id);
  void follow_air(SessionId id, const stream::RateControl::Report& report);
  void follow_loss(SessionId id, const stream::RtcpPacket& packet);
  void follow_pattern(SessionId id, double loss);
  void set_fec();
  [[nodiscard]] static std::optional<double> lost_since(Member& member, const stream::PlayoutReport& report);

  platform::EventLoop& loop_;
  const Config& config_;
  const Interfaces& interfaces_;
  Callbacks callbacks_;
  std::unique_ptr<media::TsInput> input_;
  Ssrc ssrc_;
  std::string cname_;
  stream::TsFeed feed_;
  stream::MulticastGroup group_;
  std::optional<GroupCipher> cipher_;     // paired mode
  std::vector<Endpoint> plain_, sealed_;  // scratch of transmit()
  std::optional<stream::RtcpSchedule> reports_;
  std::optional<stream::RepairSender> repair_;
  Duration history_{};  // how long sent packets are kept for it
  stream::CatchUp catch_up_;
  stream::RateControl rate_;
  bool told_fixed_rate_ = false;
  stream::FecPolicy fec_policy_;
  std::optional<stream::FecEncoder> fec_;  // while "fec" is in stream.repair
  std::map<SessionId, Member> members_;
  std::map<Endpoint, SessionId> reporters_;  // by their RTCP port
  bool input_runs_ = false;
  std::optional<std::uint64_t> planned_pts_;
  bool playing_ = false;
  Counters counters_;
  Time bitrate_since_{};
  Time sent_{}, resumed_{};  // the last packet; the first one after a stall
  std::uint64_t bitrate_bytes_ = 0;
  Coalescer idr_{300ms};  // one key picture answers all who ask for one meanwhile
  platform::Timer due_, group_timer_, report_timer_, repair_timer_, catch_up_timer_, key_timer_;
  StreamOutlets outlets_;
};

}  // namespace wfdcast::daemon
