#pragma once

#include "rtsp/message.h"
#include "rtsp/session.h"

namespace wfdcast::rtsp {

struct StreamChosen { StreamFormat format; };     // M4 was accepted
struct StreamReady { Transport transport; };      // M6 answered: be ready to receive there
struct StreamPlaying {};                          // M7 answered
struct StreamPaused {};                           // M9 answered
struct MoveRequested { Transport transport; };    // wfdcast_transport: receive there as well, then report
using SinkEvent = std::variant<StreamChosen, StreamReady, StreamPlaying, StreamPaused, MoveRequested, SessionEnded>;

struct SinkOptions {
  SinkCapabilities capabilities;        // rtp_port: the bound RTP port
  PortPair client;                      // of M6; rtcp 0: no RTCP wanted
  std::optional<WfdcastHeader> header;  // none: play an ordinary WFD sink
  std::string agent = "wfdcast";        // User-Agent
};

// The sink's side of one WFD RTSP connection; the mirror of SourceSession.
class SinkSession {
 public:
  using Event = SinkEvent;
  enum class State { Greeting, Describing, AwaitingTrigger, SettingUp, Starting, Playing, Pausing, Paused, Ending, Ended };

  explicit SinkSession(SinkOptions options);

  Step<SinkEvent> start(Time now);  // the connection is up: waits for M1, sends M2
  Step<SinkEvent> receive(std::string_view bytes, Time now);
  Step<SinkEvent> play(Time now);         // M7
  Step<SinkEvent> pause(Time now);        // M9
  Step<SinkEvent> request_idr(Time now);  // M13; coalesced, at most one in 500 ms
  // Tells the source on which path the stream arrives now (wfdcast_delivery).
  Step<SinkEvent> report(Delivery delivery, std::string_view detail, Time now);
  Step<SinkEvent> end(Time now);  // M8
  // Valid RTP or RTCP came from the source: proof of life.
  void heard(Time now);
  Step<SinkEvent> tick(Time now);
  Step<SinkEvent> connection_lost(Time now);

  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] State state() const;
};
[[nodiscard]] const char* to_string(SinkSession::State state);

}  // namespace wfdcast::rtsp
