#pragma once

#include "rtsp/message.h"
#include "rtsp/session.h"

namespace wfdcast::rtsp {

struct SinkGreeted {  // answer to M1 accepted
  std::optional<DeviceId> wfdcast;  // set: one of our sinks
  std::string agent;                // User-Agent or Server, may be empty
};
struct SinkDescribed { SinkCapabilities capabilities; };  // answer with select() or refuse()
struct StreamSetUp { PortPair client; };                  // M6: the sink's ports
struct PlayRequested {};                                  // M7
struct PauseRequested {};                                 // M9
struct IdrRequested {};                                   // M13
// A wfdcast sink says on which path it has the stream now (wfdcast_delivery).
struct DeliveryReported {
  Delivery delivery = Delivery::Unicast;
  std::string detail;  // "lag=3ms lost=0 of=500", "silent"
};
using SourceEvent = std::variant<SinkGreeted, SinkDescribed, StreamSetUp, PlayRequested, PauseRequested, IdrRequested,
                                 DeliveryReported, SessionEnded>;

// Who may go beyond M1.
struct Admission {
  std::vector<InvitationToken> tokens;  // a wfdcast sink brings one of these back
  bool plain_sink = false;              // a sink without our header may connect
  bool anyone = false;                  // connect = "all" in open mode
};

struct SourceOptions {
  std::string session_key;       // Session header: 10 hex digits
  std::string presentation_url;  // "rtsp://192.168.49.1/wfd1.0/streamid=0"
  Admission admission;
  Duration keepalive = 10s;  // M16 period
  Duration timeout = 30s;    // in the Session header; silence this long ends the session
};

// The source's side of one WFD RTSP connection (messages M1 to M16). It holds
// no socket and no clock: its owner feeds it bytes and the time, and carries
// out the Step that comes back.
class SourceSession {
 public:
  using Event = SourceEvent;
  enum class State { Idle, Greeting, Querying, Choosing, Fixing, SettingUp, Ready, Playing, Paused, Ending, Ended };

  explicit SourceSession(SourceOptions options);

  Step<SourceEvent> start(Time now);  // M1
  Step<SourceEvent> receive(std::string_view bytes, Time now);
  // All bytes handed out so far have left this host (SIOCOUTQ is 0).
  Step<SourceEvent> written(Time now);
  // Answer to SinkDescribed. `transport` is what the SETUP answer will say; its
  // client ports are filled in from the sink's request.
  Step<SourceEvent> select(const StreamFormat& format, const Transport& transport, Time now);
  Step<SourceEvent> refuse(std::string reason, Time now);
  Step<SourceEvent> play(Time now);   // M5 PLAY
  Step<SourceEvent> pause(Time now);  // M5 PAUSE
  // Moves the stream in session (wfdcast_transport); only for wfdcast sinks.
  Step<SourceEvent> move(const Transport& transport, Time now);
  Step<SourceEvent> end(Time now);  // M5 TEARDOWN; over within 2 s
  // RTP or RTCP came from this sink: proof of life.
  void heard(Time now);
  Step<SourceEvent> tick(Time now);
  Step<SourceEvent> connection_lost(Time now);

  [[nodiscard]] std::optional<Time> next_deadline() const;
  // The owner should poll SIOCOUTQ and call written(): M3 waits for it.
  [[nodiscard]] bool wants_written() const;
  [[nodiscard]] State state() const;
};
[[nodiscard]] const char* to_string(SourceSession::State state);

}  // namespace wfdcast::rtsp
