#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rtsp_pair.h"

namespace wfdcast::rtsp::test {

inline std::vector<Message> messages_in(std::string_view bytes) {
  MessageReader reader;
  std::vector<Message> found;
  while (true) {
    const auto message = reader.next();
    if (!message) {
      ADD_FAILURE() << to_string(message.error()) << " in: " << bytes;
      return found;
    }
    if (*message) {
      found.push_back(**message);
    } else if (bytes.empty()) {
      EXPECT_EQ(reader.buffered(), 0u);
      return found;
    } else {
      bytes.remove_prefix(reader.push(bytes));
    }
  }
}

// The answer to what was not RTSP; without CSeq it is not quite RTSP itself.
inline constexpr std::string_view kBare400 = "RTSP/1.0 400 Bad Request\r\n\r\n";

// One session and a peer that is played by hand. `said` holds what the session
// sent in the last call.
template <class Session>
struct Rig {
  using Event = typename Session::Event;
  using State = typename Session::State;

  template <class Options>
  explicit Rig(Options options) : session(std::move(options)) {}

  Session session;
  Time now = kStart;
  std::vector<Message> said;
  std::string said_bytes;
  std::vector<Event> events;  // of the last call
  std::uint32_t last_request = 0;
  std::uint32_t peer_cseq = 0;

  void take(Step<Event> step) {
    transcribe<Session>(step.to_peer);
    said_bytes = step.to_peer;
    std::string_view readable = step.to_peer;
    if (readable.ends_with(kBare400)) readable.remove_suffix(kBare400.size());
    said = messages_in(readable);
    events = std::move(step.events);
    requests_.clear();
    responses_.clear();
    for (const Message& message : said) {
      if (const auto* request = std::get_if<Request>(&message)) requests_.push_back(*request);
      if (const auto* response = std::get_if<Response>(&message)) responses_.push_back(*response);
    }
    if (!requests_.empty()) last_request = requests_.back().cseq;
  }
  template <class Call, class... Args>
  void call(Call function, Args&&... args) {
    take(std::invoke(function, session, std::forward<Args>(args)..., now));
  }
  void hear(std::string_view bytes) { take(session.receive(bytes, now)); }
  void tick_at(Time time) {
    now = time;
    take(session.tick(now));
  }
  void advance(Duration by) { tick_at(now + by); }

  // The peer answers our last request.
  void answer(unsigned code = 200, std::string body = {}, Headers headers = {}) {
    answer_to(last_request, code, std::move(body), std::move(headers));
  }
  void answer_to(std::uint32_t cseq, unsigned code = 200, std::string body = {}, Headers headers = {}) {
    hear(serialize(Response{static_cast<Status>(code), cseq, std::move(headers), std::move(body)}));
  }
  void ask(Method method, std::string uri, Headers headers = {}, std::string body = {}) {
    hear(serialize(Request{.method = method,
                           .uri = std::move(uri),
                           .cseq = ++peer_cseq,
                           .headers = std::move(headers),
                           .body = std::move(body)}));
  }

  [[nodiscard]] const std::vector<Request>& requests() const { return requests_; }
  [[nodiscard]] const std::vector<Response>& responses() const { return responses_; }
  // The code of the only answer; 0 where there is not exactly one.
  [[nodiscard]] unsigned code() const {
    return responses_.size() == 1 ? static_cast<unsigned>(responses_[0].status) : 0;
  }
  template <class Kind>
  [[nodiscard]] bool has() const {
    return !all<Kind>(events).empty();
  }
  [[nodiscard]] bool ended(EndReason reason) const {
    const auto ends = all<SessionEnded>(events);
    return ends.size() == 1 && ends[0].reason == reason && session.state() == State::Ended;
  }

 private:
  std::vector<Request> requests_;
  std::vector<Response> responses_;
};

inline const std::string kControl = "rtsp://localhost/wfd1.0";
inline const std::string kM3Answer =
    "wfd_video_formats: 40 00 01 10 000101E1 00000000 00000000 00 0000 0000 00 none none\r\n"
    "wfd_audio_codecs: LPCM 00000002 00, AAC 00000001 00\r\n"
    "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
    "wfd_standby_resume_capability: supported\r\n";

// A source that talks to a standard sink, played by hand.
struct SourceRig : Rig<SourceSession> {
  explicit SourceRig(SourceOptions options = source_options()) : Rig(std::move(options)) {}

  void setup(std::string transport = "RTP/AVP/UDP;unicast;client_port=19000-19001", std::string uri = kUrl) {
    ask(Method::Setup, std::move(uri), {{"Transport", std::move(transport)}});
  }
  void play() { ask(Method::Play, kUrl, {{"Session", kKey}}); }
  void pause() { ask(Method::Pause, kUrl, {{"Session", kKey}}); }
  void teardown() { ask(Method::Teardown, kUrl, {{"Session", kKey}}); }
  void set(std::string body) {
    Headers headers;
    if (session.state() >= State::Ready) headers = {{"Session", kKey}};
    ask(Method::SetParameter, kControl, std::move(headers), std::move(body));
  }

  // The sink refuses M4, and the owner tries what is left.
  void decline(std::string body) {
    answer(303, std::move(body));
    const auto declined = all<FormatDeclined>(events);
    ASSERT_EQ(declined.size(), 1u);
    call(&SourceSession::select, declined[0].next, unicast());
  }

  // Goes there the straight way; every state but Paused lies on it.
  void reach(State goal) {
    if (session.state() == goal) return;
    call(&SourceSession::start);
    if (goal == State::Greeting) return;
    if (goal == State::Ended) return call(&SourceSession::connection_lost);
    answer(200, {}, {{"Public", "org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER"}});
    ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0"}});
    call(&SourceSession::written);
    advance(kM3Distance);
    if (goal == State::Querying) return;
    answer(200, kM3Answer);
    if (goal == State::Choosing) return;
    call(&SourceSession::select, format_720p30(), unicast());
    if (goal == State::Fixing) return;
    answer(200);
    if (goal == State::SettingUp) return;
    answer(200);
    setup();
    if (goal == State::Ready) return;
    play();
    if (goal == State::Playing) return;
    if (goal == State::Ending) return call(&SourceSession::end);
    if (goal == State::Standby) return set("wfd_standby\r\n");
    pause();
  }
};

// A sink that talks to a source, played by hand.
struct SinkRig : Rig<SinkSession> {
  explicit SinkRig(SinkOptions options = sink_options()) : Rig(std::move(options)) {}

  void m1() { ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0"}}); }
  void m3(std::string names) { ask(Method::GetParameter, kControl, {}, std::move(names)); }
  void set(std::string body) { ask(Method::SetParameter, kControl, {}, std::move(body)); }
  void m4() { set(m4_body()); }
  void trigger(std::string_view what) { set("wfd_trigger_method: " + std::string(what) + "\r\n"); }
  static std::string m4_body() {
    return "wfd_video_formats: 00 00 01 01 00000020 00000000 00000000 00 0000 0000 00 none none\r\n"
           "wfd_audio_codecs: AAC 00000001 00\r\n"
           "wfd_presentation_URL: " +
           kUrl +
           " none\r\n"
           "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
           "wfd_standby_resume_capability: supported\r\n";
  }
  void answer_setup(
      std::string id = kKey + ";timeout=30",
      std::string transport = "RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=15550-15551") {
    answer(200, {}, {{"Session", std::move(id)}, {"Transport", std::move(transport)}});
  }

  void reach(State goal) {
    call(&SinkSession::start);
    if (goal == State::Greeting) return;
    if (goal == State::Ended) return call(&SinkSession::connection_lost);
    m1();
    answer(200, {},
           {{"Public", "org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER"}});
    m3("wfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\n");
    if (goal == State::Describing) return;
    m4();
    if (goal == State::AwaitingTrigger) return;
    trigger("SETUP");
    if (goal == State::SettingUp) return;
    answer_setup();
    if (goal == State::Starting) return;
    answer(200, {}, {{"Session", kKey}});
    if (goal == State::Playing) return;
    if (goal == State::Ending) return call(&SinkSession::end);
    if (goal == State::Standby) return set("wfd_standby\r\n");
    call(&SinkSession::pause);
    if (goal == State::Pausing) return;
    answer(200);
  }
};

}  // namespace wfdcast::rtsp::test
