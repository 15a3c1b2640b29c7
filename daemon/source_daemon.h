#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/access.h"
#include "daemon/config.h"
#include "daemon/connect_waiters.h"
#include "daemon/environment.h"
#include "daemon/group_querier.h"
#include "daemon/group_watch.h"
#include "daemon/handshakes.h"
#include "daemon/interfaces.h"
#include "daemon/inviter.h"
#include "daemon/line_quota.h"
#include "daemon/listeners.h"
#include "daemon/method_table.h"
#include "daemon/p2p_link.h"
#include "daemon/quirks.h"
#include "daemon/session_announcer.h"
#include "daemon/session_driver.h"
#include "daemon/sink_finder.h"
#include "daemon/source_input.h"
#include "daemon/source_pairing.h"
#include "daemon/source_stream.h"
#include "daemon/wireless_tuning.h"
#include "rtsp/source_session.h"

namespace wfdcast::daemon {

// What a sink told by RTCP.
struct SinkFigures {
  std::optional<stream::ReportBlock> block;
  std::optional<stream::PlayoutReport> playout;
  std::optional<Duration> round_trip;
  // Between the last two playout reports.
  std::uint32_t received = 0, lost = 0;
};

// The source: finds sinks, invites them, negotiates, and sends one stream to all.
class SourceDaemon {
 public:
  explicit SourceDaemon(Environment& environment);
  void bind(MethodTable& methods);
  void setting_changed(std::string_view key);
  void trust_changed();  // sessions of those who lost their right end at once
  // Ends every session; `done` when all have, or after 1.5 s.
  void shut_down(std::function<void()> done);
  [[nodiscard]] std::string summary() const;  // for systemd's STATUS=

 private:
  using Driver = SessionDriver<rtsp::SourceSession>;
  // The encoder of a sink that cannot take what the others have (stream.on_mismatch).
  struct OwnStream {
    OwnStream(platform::EventLoop& loop, Config own, const Interfaces& interfaces,
              const media::InputEnvironment& environment, Ipv4Address group,
              SourceStream::Callbacks callbacks)
        : config(std::move(own)),
          stream(loop, config, interfaces, environment, group, std::move(callbacks)) {}
    Config config;
    SourceStream stream;
  };
  struct Sink {
    SessionId id;
    std::optional<DeviceId> device;  // set once greeted: one of our sinks
    std::optional<MacAddress> p2p;   // it is a member of our Wi-Fi Direct group
    std::optional<PublicKey> key;    // proven in TLS
    std::optional<SessionKeys> keys;
    bool was_paused = false;
    std::string name;
    Endpoint address;
    std::string interface;
    int interface_index = 0;
    Ipv4Address local;
    PortPair client;
    std::string agent;  // User-Agent of a sink that is not ours
    AppliedQuirks quirks;
    std::optional<StreamFormat> format;
    Time since{};
    bool played = false;
    bool quiet = false;   // see log_session()
    bool let_go = false;  // disconnected by hand
    SinkFigures figures;
    std::unique_ptr<OwnStream> own;
    std::unique_ptr<Driver> driver;

    // What names it to people and scripts: device id, P2P device address, or IP address.
    [[nodiscard]] std::string peer() const;
    void append_label(fmt::memory_buffer& out) const {
      fmt::format_to(fmt::appender(out), "session {} ({})", id.value, name);
    }
    [[nodiscard]] platform::LogSubject log_subject() const {
      return {.peer = peer(), .name = name, .session = std::to_string(id.value)};
    }
  };
  // A plain WFD sink that a person named by its address.
  struct PlainWish {
    Time expires{};
  };

  // Discovery and invitations.
  void on_peer_event(const discovery::PeerEvent& event);
  void log_appearance(const discovery::Peer& peer);
  void peer_changed(const discovery::Peer& peer);
  void send_invitations();
  void interfaces_changed();
  void on_link_event(const discovery::LinkEvent& event);

  // Who gets a session (source_admission.cc).
  void accept(platform::Listener::Accepted accepted, int interface_index);
  [[nodiscard]] rtsp::Admission admission_for(Ipv4Address address, const std::string& interface) const;
  void make_room_for(Ipv4Address address);
  [[nodiscard]] Access access(const std::string& interface) const;
  [[nodiscard]] bool may_watch(const PublicKey& key) const;
  [[nodiscard]] bool welcomes(std::string_view protocol, const PublicKey& key) const;
  void secured(Handshakes::Secured secured);
  void open_session(std::unique_ptr<platform::Connection> connection, const UsableInterface& interface,
                    rtsp::Admission admission, std::optional<PublicKey> key, std::optional<SessionKeys> keys);
  [[nodiscard]] bool paired(const discovery::Peer& peer) const;
  [[nodiscard]] bool invitable(const discovery::Peer& peer) const;
  void send_invitation(const discovery::Peer& peer, const InvitationToken& token, discovery::Purpose purpose);
  void pair(Call& call);
  void greeted(Sink& sink, const rtsp::SinkGreeted& greeting);
  [[nodiscard]] std::string reason_against(const Sink& sink, const rtsp::SinkGreeted& greeting);

  // Sessions (source_sessions.cc).
  void on_session_event(SessionId id, const rtsp::SourceEvent& event);
  void described(Sink& sink);
  void declined(Sink& sink, const StreamFormat& next);
  void choose(Sink& sink, SinkCapabilities able);
  void apply_quirks(Sink& sink);
  // What a sink gets whom the running format does not suit (source_formats.cc).
  [[nodiscard]] Result<StreamFormat, std::string> admit(Sink& sink, const SinkCapabilities& able);
  [[nodiscard]] Result<StreamFormat, std::string> renegotiate(Sink& sink, const SinkCapabilities& able);
  [[nodiscard]] Result<StreamFormat, std::string> give_own_encoder(Sink& sink, const SinkCapabilities& able);
  void format_settled(SessionId id);
  void change_encoder();
  [[nodiscard]] SourceStream& stream_of(const Sink& sink) { return sink.own ? sink.own->stream : stream_; }
  [[nodiscard]] const SourceStream& stream_of(const Sink& sink) const {
    return sink.own ? sink.own->stream : stream_;
  }
  [[nodiscard]] SourceStream::Callbacks stream_callbacks();
  [[nodiscard]] SourceInput::Callbacks input_callbacks();
  [[nodiscard]] SourceInput::Sink input_sink(const Sink& sink) const;
  [[nodiscard]] Result<json, RpcError> give_input(const json& params);
  void set_up(Sink& sink, const rtsp::StreamSetUp& set_up);
  void playing(Sink& sink);
  void ended(SessionId id, const rtsp::SessionEnded& end);
  void on_rtcp(SessionId id, const stream::RtcpPacket& packet);
  void on_move(const stream::Move& move);
  void tune_wireless();
  // The group itself, and who else may watch it (source_group.cc).
  void deliveries_changed();
  void look_at_deliveries();
  void group_is_shared(Ipv4Address sender);
  [[nodiscard]] Ipv4Address chosen_group() const;
  [[nodiscard]] stream::SessionDescription description() const;
  [[nodiscard]] Result<json, RpcError> sdp() const;
  [[nodiscard]] bool replaced(const Sink& sink) const;
  [[nodiscard]] bool invited_instead(const Sink& sink) const;
  [[nodiscard]] Sink* find_sink(const DeviceId& device);
  [[nodiscard]] Sink* find_sink(Ipv4Address address);

  // Control methods (source_methods.cc), their rows (source_rows.cc) and targets (source_targets.cc).
  struct Target {
    std::string key;   // device id, or address of a plain sink
    std::string name;  // for a person
    std::optional<DeviceId> device;
    Ipv4Address address;
    std::optional<MacAddress> p2p{};  // only reached by Wi-Fi Direct
  };
  [[nodiscard]] json status() const;
  [[nodiscard]] json peers() const;
  [[nodiscard]] json stats() const;
  [[nodiscard]] json session_row(const Sink& sink) const;
  [[nodiscard]] json stats_row(const Sink& sink) const;
  [[nodiscard]] std::vector<Target> known_targets() const;
  [[nodiscard]] Result<std::vector<Target>, RpcError> targets(const json& params,
                                                              std::string_view method) const;
  void connect(Call& call);
  [[nodiscard]] bool is_paired(const Target& target) const;
  [[nodiscard]] std::string not_trusted(const Target& target, const discovery::Peer* peer) const;
  [[nodiscard]] std::string cannot_connect(const Target& target) const;
  [[nodiscard]] Result<json, RpcError> disconnect(const json& params);
  [[nodiscard]] Result<json, RpcError> trigger(const json& params, std::string_view method);
  void settle(const std::string& key, const std::string& name, const std::string& failure);
  [[nodiscard]] std::string why_not_in_time(const std::string& key) const;
  void expire_waiters();
  void give_up(const std::string& key);
  void settle(const Sink& sink, const std::string& failure);

  Environment& environment_;
  platform::EventLoop& loop_;
  Config& config_;
  Time started_;
  std::uint32_t last_session_ = 0;
  Interfaces interfaces_;
  Inviter inviter_;
  std::map<Ipv4Address, PlainWish> plain_wishes_;
  std::set<DeviceId> dismissed_;  // disconnected by hand: not invited by policy
  ConnectWaiters waiters_;
  std::function<void()> shut_down_done_;
  QuirkTable quirks_;
  SourceStream stream_;
  std::map<SessionId, Sink> sinks_;
  std::set<SessionId> changing_;  // told of another format, not answered yet
  bool change_pending_ = false;
  bool deliveries_look_ = false;          // is to be taken, by look_timer_
  std::map<DeviceId, SessionId> latest_;  // session of each of our own sinks
  std::vector<SessionId> half_open_;      // oldest first; some may be so no more
  LineQuota refusal_lines_{1}, session_lines_{8}, event_lines_{600}, peer_lines_{8}, group_lines_{1};
  std::set<DeviceId> shown_peers_;  // that the log has
  platform::Timer change_timer_, invite_timer_, waiter_timer_, look_timer_, shut_down_timer_;
  SinkFinder finder_;
  std::optional<Handshakes> handshakes_;  // paired mode only
  std::optional<SourcePairing> pairing_;  // paired mode only
  Listeners listeners_;
  P2pLink p2p_;
  WirelessTuning tuning_;
  GroupQuerier querier_;
  unsigned group_attempt_ = 0;
  std::optional<Time> group_moved_;  // the last time
  int group_moves_ = 0;              // in a row
  GroupWatch watch_;
  std::optional<SessionAnnouncer> announcer_;  // while stream.announce
  SourceInput input_;
};

}  // namespace wfdcast::daemon
