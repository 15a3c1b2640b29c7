#pragma once

#include "base/coalescer.h"
#include "rtsp/exchange.h"
#include "rtsp/group_key.h"
#include "rtsp/message.h"
#include "rtsp/parameters.h"
#include "rtsp/quirks.h"
#include "rtsp/session.h"
#include "rtsp/timers.h"

namespace wfdcast::rtsp {

// M2 was answered; what the source calls itself decides what is done
// differently for it: set_quirks().
struct SourceGreeted {
  std::string agent;
};
struct StreamChosen {  // M4 was accepted
  StreamFormat format;
  std::optional<FormatChangeTiming> timing;  // in session: from when on
};
struct StreamReady {
  Transport transport;
};  // M6 answered: be ready to receive there
struct StreamPlaying {};  // M7 answered
struct StreamPaused {};   // M9 answered
struct StreamStandby {};  // M12, either way
struct MoveRequested {
  Transport transport;
};  // wfdcast_transport: receive there as well, then report
struct KeyGiven {
  GroupKey key;
};  // wfdcast_group_key
// M4, M14 and M15: the source takes touch, mouse and keys at `agreed.port`, or
// does so no more. It may come before the session is set up.
struct InputOffered {
  UibcCapability agreed;
  UibcSetting setting = UibcSetting::Disable;
};
using SinkEvent = std::variant<SourceGreeted, StreamChosen, StreamReady, StreamPlaying, StreamPaused,
                               StreamStandby, MoveRequested, KeyGiven, InputOffered, SessionEnded>;

struct SinkOptions {
  SinkCapabilities capabilities;                                        // rtp_port: the bound RTP port
  PortPair client;                                                      // of M6; rtcp 0: no RTCP wanted
  std::optional<WfdcastHeader> header;                                  // none: play an ordinary WFD sink
  enum class Link : std::uint8_t { Plain, Secure } link = Link::Plain;  // keys are taken inside TLS only
  std::string agent = "wfdcast";                                        // User-Agent
};

// The sink's side of one WFD RTSP connection; the mirror of SourceSession.
class SinkSession {
 public:
  using Event = SinkEvent;
  enum class State {
    Greeting,
    Describing,
    AwaitingTrigger,
    SettingUp,
    Starting,
    Playing,
    Pausing,
    Paused,
    Standby,
    Ending,
    Ended
  };

  explicit SinkSession(SinkOptions options);

  Step<SinkEvent> start(Time now);  // the connection is up: waits for M1, sends M2
  Step<SinkEvent> receive(std::string_view bytes, Time now);
  Step<SinkEvent> set_quirks(const Quirks& quirks, Time now);
  Step<SinkEvent> play(Time now);         // M7
  Step<SinkEvent> pause(Time now);        // M9
  Step<SinkEvent> standby(Time now);      // M12; nothing where the source does not know it
  Step<SinkEvent> request_idr(Time now);  // M13; coalesced, at most one in 500 ms
  // Tells the source on which path the stream arrives now (wfdcast_delivery).
  Step<SinkEvent> report(Delivery delivery, std::string_view detail, Time now);
  // M15: somebody touches the picture; nothing where the source has not offered it.
  Step<SinkEvent> want_input(Time now);
  Step<SinkEvent> end(Time now);  // M8
  // Valid RTP or RTCP came from the source: proof of life.
  void heard(Time now);
  Step<SinkEvent> tick(Time now);
  Step<SinkEvent> connection_lost(Time now);

  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] State state() const { return state_; }

 private:
  using Out = Step<SinkEvent>;
  // PLAY or PAUSE that came while the other was under way.
  enum class Next : std::uint8_t { Nothing, Play, Pause };

  [[nodiscard]] bool consistent() const;
  [[nodiscard]] bool established() const;  // a Session id, and not ending
  void enter(State state, std::optional<Time> deadline);
  void finish(EndReason reason, std::string detail, Out& out);
  void begin_ending(EndReason reason, std::string detail, Time now, Out& out);
  void ask(Asked what, Request request, Time now, Out& out);
  void ask_stream(Asked what, Method method, Time now, Out& out);
  void set_up(Time now, Out& out);
  void start_playing(Time now, Out& out);
  void start_pausing(Time now, Out& out);
  void carry_out_next(Time now, Out& out);
  void send_idr_request(Time now, Out& out);
  void send_report(Time now, Out& out);
  void on_state_deadline(Out& out);

  void on_response(const Response& response, Time now, Out& out);
  void on_set_up(const Response& response, Time now, Out& out);
  void on_playing(const Response& response, Time now, Out& out);
  void on_paused(const Response& response, Time now, Out& out);
  void enter_standby(Out& out);

  void on_request(const Request& request, Time now, Out& out);
  void reply(const Request& request, Response response, Out& out) const;
  void reply_ok(const Request& request, Out& out) const;
  void on_options(const Request& request, Time now, Out& out);
  void on_get_parameter(const Request& request, Time now, Out& out);
  void on_set_parameter(const Request& request, Time now, Out& out);
  void on_direct(const Request& request, Out& out);
  // The changes that M4 and wfdcast_transport ask for; the body of a 303 when
  // one of them cannot be.
  struct Changes {
    std::optional<StreamFormat> format;
    std::optional<FormatChangeTiming> timing;
    std::optional<std::string> url;
    std::optional<Transport> move;
    std::optional<GroupKey> key;
    std::optional<Trigger> trigger;
    std::optional<UibcCapability> input;
    std::optional<UibcSetting> input_setting;
    bool standby = false;
  };
  [[nodiscard]] Result<Changes, std::string> read_changes(const std::vector<Parameter>& parameters) const;
  [[nodiscard]] std::string read_input(const std::vector<Parameter>& parameters, Changes& changes) const;
  void apply(Changes changes, Time now, Out& out);
  void apply_input(const Changes& changes, Out& out);
  void on_trigger(Trigger trigger, Time now, Out& out);

  SinkOptions options_;
  Exchange exchange_;
  State state_ = State::Greeting;
  std::optional<Time> state_deadline_;  // for what the state waits for
  Time heard_{};                        // the last proof of life
  Duration timeout_ = kDefaultTimeout;  // announced in the Session header
  std::string session_;                 // its id; empty before M6 was answered
  std::string url_;                     // of SETUP and later requests
  StreamFormat format_;
  Next next_ = Next::Nothing;
  Coalescer idr_{kSinkIdrPeriod};
  bool source_is_wfdcast_ = false;     // it asked a wfdcast_* name
  bool source_knows_standby_ = false;  // wfd_standby_resume_capability in M4
  std::optional<std::string> report_;  // to be sent when the last one is answered
  UibcCapability input_;               // what the source offered
  std::optional<UibcSetting> input_setting_;
  SessionEnded outcome_;  // what Ending ends with
};
[[nodiscard]] const char* to_string(SinkSession::State state);

}  // namespace wfdcast::rtsp
