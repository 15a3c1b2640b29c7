#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/announcer.h"
#include "daemon/config.h"
#include "daemon/environment.h"
#include "daemon/interfaces.h"
#include "daemon/line_quota.h"
#include "daemon/method_table.h"
#include "daemon/p2p_link.h"
#include "daemon/quirks.h"
#include "daemon/session_driver.h"
#include "daemon/sink_input.h"
#include "daemon/sink_pairing.h"
#include "daemon/sink_stream.h"
#include "daemon/wireless_tuning.h"
#include "media/ts_output.h"
#include "rtsp/sink_session.h"

namespace wfdcast::daemon {

// The sink: announces itself, connects to the source that invites it, and puts
// the stream out.
class SinkDaemon {
 public:
  explicit SinkDaemon(Environment& environment);
  void bind(MethodTable& methods);
  void setting_changed(std::string_view) {}
  void trust_changed();  // a session with a source that lost its right ends at once
  // Ends the session and says goodbye; `done` when it is over, or after 1.5 s.
  void shut_down(std::function<void()> done);
  [[nodiscard]] std::string summary() const;

 private:
  using Driver = SessionDriver<rtsp::SinkSession>;
  // The source that we are with, from its invitation to the end of the session; or a plain one that is linked
  // with us by Wi-Fi Direct: there the sink connects unasked.
  struct Source {
    std::optional<discovery::Invitation> invitation;
    std::optional<MacAddress> p2p;
    std::string name;  // printable
    Endpoint rtsp;
    std::string interface;
    int interface_index = 0;
    Time expires{};  // of the invitation: how long connecting is tried
    Time since{};
    std::optional<StreamFormat> format;
    std::optional<PublicKey> key;       // paired mode: the only one that may answer
    std::vector<std::string> quirks{};  // that its Server header called for
    bool quiet = false;                 // see log_session()

    void append_label(fmt::memory_buffer& out) const {
      fmt::format_to(fmt::appender(out), "session with {}", name);
    }
    [[nodiscard]] platform::LogSubject log_subject() const {
      return {.peer = invitation ? to_string(invitation->source) : to_string(rtsp.address),
              .name = name,
              .session = {}};
    }
  };

  void invited(const discovery::Invitation& invitation, const Endpoint& sender, int interface_index);
  [[nodiscard]] bool replaces_current(const discovery::Invitation& invitation, Ipv4Address sender) const;
  void on_link_event(const discovery::LinkEvent& event);
  void link_lost();
  void look_for_plain_source();
  void begin(Source source);
  [[nodiscard]] Access access(const std::string& interface) const;
  void interfaces_changed();

  // The session (sink_sessions.cc).
  void connect();
  void connected(Result<platform::Fd> fd);
  void secured(Result<std::unique_ptr<platform::TlsConnection>, std::string> connection);
  void try_again(const std::string& why);
  void start_session(std::unique_ptr<platform::Connection> connection,
                     const std::optional<SessionKeys>& keys);
  void on_session_event(const rtsp::SinkEvent& event);
  void ended(const std::string& why);

  [[nodiscard]] json status() const;
  [[nodiscard]] json peers() const;
  [[nodiscard]] json stats() const;
  [[nodiscard]] json session_row() const;
  [[nodiscard]] Result<json, RpcError> ask(std::string_view method);

  Environment& environment_;
  platform::EventLoop& loop_;
  Config& config_;
  Time started_;
  Interfaces interfaces_;
  QuirkTable quirks_;
  std::unique_ptr<media::TsOutput> output_;
  std::optional<Source> source_;
  LineQuota invitation_lines_{1}, session_lines_{8}, event_lines_{600};
  std::function<void()> shut_down_done_;
  std::unique_ptr<platform::Connector> connector_;
  std::unique_ptr<TlsDialer> dialer_;
  std::optional<SinkPairing> pairing_;  // paired mode only
  std::unique_ptr<SinkStream> stream_;
  std::unique_ptr<Driver> driver_;
  platform::Timer retry_timer_, shut_down_timer_, link_timer_;
  std::optional<Time> linked_;  // by Wi-Fi Direct, since when
  Announcer announcer_;
  P2pLink p2p_;
  WirelessTuning tuning_;
  SinkInput input_;
};

}  // namespace wfdcast::daemon
