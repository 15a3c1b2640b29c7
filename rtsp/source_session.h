#pragma once

#include "base/coalescer.h"
#include "rtsp/capabilities.h"
#include "rtsp/exchange.h"
#include "rtsp/group_key.h"
#include "rtsp/message.h"
#include "rtsp/parameters.h"
#include "rtsp/quirks.h"
#include "rtsp/session.h"
#include "rtsp/timers.h"

namespace wfdcast::rtsp {

// Answer to M1 accepted. The owner checks that the token belongs to that very
// sink, and is used only once.
struct SinkGreeted {
  std::optional<DeviceId> wfdcast;  // set: one of our sinks
  std::string agent;                // User-Agent or Server, may be empty
  std::optional<InvitationToken> token{};
};
struct SinkDescribed {};  // what sink() says is known: answer with select() or refuse()
// The sink refused M4, once; `next` has 640x480p60 and LPCM in place of what it
// refused. Answer with select() of something of that kind, or refuse().
struct FormatDeclined {
  StreamFormat next;
};
struct StreamSetUp {  // M6
  PortPair client;    // the sink's ports
};
struct PlayRequested {};   // M7
struct PauseRequested {};  // M9
struct StandbyEntered {};  // M12, either way: no packets until PLAY
struct IdrRequested {};    // M13
struct KeyAccepted {       // wfdcast_group_key was answered
  std::uint32_t mki = 0;
};
struct ConnectorChanged {  // M11
  std::string connector;   // wfd_connector_type; empty: no display any more
};
// The answer to change_format(). Refused: the sink goes on with what it has.
struct FormatChanged {
  StreamFormat format;
};
struct FormatRefused {
  std::string detail;
};
// A wfdcast sink says on which path it has the stream now (wfdcast_delivery),
// or refused to move.
struct DeliveryReported {
  Delivery delivery = Delivery::Unicast;
  std::string detail;  // "lag=3ms lost=0 of=500", "silent"
};
// The sink tells by M14 what it can send of touch, mouse and keys, or by M15
// whether it wants to. Disable also when it refused what was offered.
struct InputDescribed {
  UibcCapability capability;
};
struct InputWanted {
  UibcSetting setting = UibcSetting::Disable;
};
using SourceEvent =
    std::variant<SinkGreeted, SinkDescribed, FormatDeclined, StreamSetUp, PlayRequested, PauseRequested,
                 StandbyEntered, IdrRequested, ConnectorChanged, FormatChanged, FormatRefused,
                 DeliveryReported, KeyAccepted, InputDescribed, InputWanted, SessionEnded>;

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
  Generation generation = Generation::R1;     // what M3 asks for
  InputInterest input = InputInterest::None;  // whether UIBC is asked for
  Duration keepalive = 10s;                   // M16 period
  Duration timeout = 30s;                     // in the Session header; silence this long ends the session
};

// The source's side of one WFD RTSP connection (messages M1 to M16). It holds
// no socket and no clock: its owner feeds it bytes and the time, and carries
// out the Step that comes back.
class SourceSession {
 public:
  using Event = SourceEvent;
  enum class State {
    Idle,
    Greeting,
    Querying,
    Choosing,
    Fixing,
    SettingUp,
    Ready,
    Playing,
    Paused,
    Standby,
    Ending,
    Ended
  };

  explicit SourceSession(SourceOptions options);

  Step<SourceEvent> start(Time now);  // M1
  Step<SourceEvent> receive(std::string_view bytes, Time now);
  // All bytes handed out so far have left this host (SIOCOUTQ is 0).
  Step<SourceEvent> written(Time now);
  // Answer to SinkDescribed. `transport` is what the SETUP answer will say; its
  // client ports are filled in from the sink's request.
  Step<SourceEvent> select(const StreamFormat& format, const Transport& transport, Time now);
  Step<SourceEvent> refuse(std::string reason, Time now);
  // What SinkGreeted or SinkDescribed made known of the sink's ways.
  Step<SourceEvent> set_quirks(const Quirks& quirks, Time now);
  Step<SourceEvent> play(Time now);     // M5 PLAY
  Step<SourceEvent> pause(Time now);    // M5 PAUSE
  Step<SourceEvent> standby(Time now);  // M12; nothing for a sink that does not know it
  // M4 in session: from `timing` on the stream is `format`.
  Step<SourceEvent> change_format(const StreamFormat& format, const FormatChangeTiming& timing, Time now);
  // Moves the stream in session (wfdcast_transport); only for wfdcast sinks.
  Step<SourceEvent> move(const Transport& transport, Time now);
  // The key of the group (wfdcast_group_key): with M4, or in session. Only for wfdcast sinks inside TLS.
  Step<SourceEvent> give_key(const GroupKey& key, Time now);
  // UIBC: what was agreed, with our port. It goes with M4 when select() follows, else by M14 and M15.
  Step<SourceEvent> offer_input(const UibcCapability& agreed, UibcSetting setting, Time now);
  Step<SourceEvent> set_input(UibcSetting setting, Time now);  // M15, once it was offered
  Step<SourceEvent> end(Time now);                             // M5 TEARDOWN; over within 2 s
  // RTP or RTCP came from this sink: proof of life.
  void heard(Time now);
  Step<SourceEvent> tick(Time now);
  Step<SourceEvent> connection_lost(Time now);

  [[nodiscard]] std::optional<Time> next_deadline() const;
  // The owner should poll SIOCOUTQ and call written(): M3 waits for it.
  [[nodiscard]] bool wants_written() const;
  [[nodiscard]] State state() const { return state_; }
  // What the sink told in M3, and since.
  [[nodiscard]] const SinkCapabilities& sink() const { return sink_; }

 private:
  using Out = Step<SourceEvent>;
  // The answer to M2, after which M3 must keep its distance.
  enum class M2Answer : std::uint8_t { NotSent, Leaving, Left };

  [[nodiscard]] bool consistent() const;
  [[nodiscard]] bool established() const;  // from SETUP on
  void enter(State state, std::optional<Time> deadline);
  void finish(EndReason reason, std::string detail, Out& out);
  void begin_ending(EndReason reason, std::string detail, Time now, Out& out);
  void ask(Asked what, Method method, std::string body, Time now, Out& out);
  void trigger(Trigger trigger, Asked what, Time now, Out& out);
  void ask_capabilities(Time now, Out& out);
  void fix_format(Time now, Out& out);
  void send_move(Time now, Out& out);
  void send_key(Time now, Out& out);
  void send_setting(Time now, Out& out);
  [[nodiscard]] bool refuses_input(const Response& response) const;
  void on_state_deadline(Time now, Out& out);
  void keep_alive(Time now, Out& out);
  [[nodiscard]] Duration keepalive_period() const;  // 0: never
  // When silence ends the session; never while M16 is off: then only TCP tells that the host is gone.
  [[nodiscard]] std::optional<Time> silence_ends() const;
  void enter_standby(Out& out);

  void on_response(const Response& response, Time now, Out& out);
  void on_greeted(const Response& response, Time now, Out& out);
  [[nodiscard]] bool admits(const std::optional<WfdcastHeader>& header) const;
  void on_described(const Response& response, Time now, Out& out);
  void on_fixed(const Response& response, Time now, Out& out);
  void on_key_answered(const Response& response, Time now, Out& out);
  void on_format_changed(const Response& response, Out& out);
  void on_moved(const Response& response, Time now, Out& out);

  void on_request(const Request& request, Time now, Out& out);
  void reply(const Request& request, Response response, Out& out) const;
  void on_options(const Request& request, Out& out);
  void on_setup(const Request& request, Time now, Out& out);
  void on_play(const Request& request, Time now, Out& out);
  void on_pause(const Request& request, Out& out);
  void on_teardown(const Request& request, Out& out);
  void on_get_parameter(const Request& request, Out& out);
  void on_set_parameter(const Request& request, Time now, Out& out);
  [[nodiscard]] std::optional<Response> refusal_of(const std::vector<Parameter>& parameters) const;
  void take_input(const std::vector<Parameter>& parameters, Out& out);
  void take_parameters(const std::vector<Parameter>& parameters, Time now, Out& out);
  [[nodiscard]] Header session_header() const;
  [[nodiscard]] Transport setup_answer(const PortPair& client) const;

  SourceOptions options_;
  Exchange exchange_;
  State state_ = State::Idle;
  std::optional<Time> state_deadline_;  // for what the state waits for
  std::optional<Time> keepalive_at_;    // while established
  Time heard_{};                        // the last proof of life
  M2Answer m2_answer_ = M2Answer::NotSent;
  std::optional<Time> m3_after_;  // M2's answer left, and 20 ms
  std::optional<DeviceId> wfdcast_;
  Quirks quirks_;
  SinkCapabilities sink_;
  StreamFormat format_;
  StreamFormat next_format_;  // while change_format() awaits its answer
  enum class Choice : std::uint8_t { First, Conservative } choice_ = Choice::First;
  std::string session_;  // the id in the Session header; empty before SETUP
  PortPair client_;      // the sink's ports
  Transport transport_;  // on which the stream is
  std::optional<Transport> moving_, next_move_;
  std::optional<GroupKey> key_, sending_key_, next_key_;  // with M4; on its way; after that one
  std::optional<Trigger> triggered_;                      // PLAY or PAUSE, not carried out yet
  UibcCapability input_;                                  // what was offered; not supported: nothing
  UibcSetting input_setting_ = UibcSetting::Disable;
  Coalescer idr_{kSourceIdrPeriod};
  SessionEnded outcome_;  // what Ending ends with
};
[[nodiscard]] const char* to_string(SourceSession::State state);

}  // namespace wfdcast::rtsp
