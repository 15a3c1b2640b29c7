// Both sessions: the first bytes choose the role and the state that a scripted
// start reaches, the rest is the peer's bytes in pieces, among calls of the
// owner and the passing of time. The sessions' own invariants are asserted.
#include <cassert>
#include <cstdlib>

#include "base/bytes.h"
#include "rtsp/sink_session.h"
#include "rtsp/source_session.h"
#include "tests/fuzz/rtsp_mutator.h"

namespace {

using namespace wfdcast;
using namespace wfdcast::rtsp;

void require(bool fact) {
  if (!fact) std::abort();
}

const std::string kUrl = "rtsp://192.168.49.1/wfd1.0/streamid=0";
const std::string kKey = "7a31c04b55";
constexpr std::size_t kMaxOutput = 64 * 1024;  // for one piece of at most 1 KiB

StreamFormat format() { return {VideoFormat{}, AudioFormat::Aac}; }
Transport transport(std::uint8_t choice) {
  Transport to{.client = {15550, 15551}, .server = {15552, 15553}};
  if (choice % 2 == 0) return to;
  to.delivery = Delivery::Multicast;
  to.destination = Ipv4Address::from_octets(239, 0, 0, 11);
  return to;
}

UibcCapability input(std::optional<std::uint16_t> port) {
  return {.supported = true,
          .generic = true,
          .hidc = true,
          .generic_inputs = 0x0F,
          .hidc_inputs = {{UibcInput::Mouse, UibcPath::Usb}},
          .port = port};
}

SinkOptions sink_options(bool ours) {
  SinkOptions options;
  options.capabilities.video = {{.profiles = 3, .level = 0x10, .modes = {.cea = 0x1E1}}};
  options.capabilities.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}, {AudioFormat::Aac, kAac48kStereo, 0}};
  options.capabilities.rtp_port = 19000;
  options.capabilities.multicast = true;
  options.capabilities.standby = true;
  options.capabilities.uibc = input(std::nullopt);
  options.client = {19000, 19001};
  if (ours) options.header = WfdcastHeader{};
  return options;
}

// The other side of the scripted start: how far it goes depends on `steps`.
struct Conversation {
  explicit Conversation(bool ours)
      : source({.session_key = kKey,
                .presentation_url = kUrl,
                .admission = {.tokens = {}, .plain_sink = true, .anyone = true},
                .input = ours ? InputInterest::Wanted : InputInterest::None}),
        sink(sink_options(ours)) {}
  SourceSession source;
  SinkSession sink;
  Time now{1000s};

  void run(unsigned steps) {
    std::string down = source.start(now).to_peer;
    std::string up = sink.start(now).to_peer;
    for (unsigned i = 0; i < steps; ++i) {
      auto heard = source.receive(std::exchange(up, {}), now);
      down += heard.to_peer;
      for (const SourceEvent& event : heard.events) {
        if (std::holds_alternative<SinkDescribed>(event) || std::holds_alternative<FormatDeclined>(event))
          down += source.select(format(), transport(0), now).to_peer;
      }
      (void)source.written(now);
      now += 20ms;
      down += source.tick(now).to_peer;
      up += sink.receive(std::exchange(down, {}), now).to_peer;
    }
  }
};

void command(SourceSession& source, std::uint8_t choice, Time now) {
  switch (choice % 13) {
    case 0:
      (void)source.select(format(), transport(choice / 8), now);
      break;
    case 1:
      (void)source.refuse("no", now);
      break;
    case 2:
      (void)source.play(now);
      break;
    case 3:
      (void)source.pause(now);
      break;
    case 4:
      (void)source.move(transport(choice / 8), now);
      break;
    case 5:
      (void)source.end(now);
      break;
    case 6:
      source.heard(now);
      break;
    case 7:
      (void)source.written(now);
      break;
    case 8:
      (void)source.standby(now);
      break;
    case 9:
      (void)source.change_format({VideoFormat{}, AudioFormat::Lpcm}, {90'000, 90'000}, now);
      break;
    case 11:
      (void)source.offer_input(input(7240), choice > 0x20 ? UibcSetting::Enable : UibcSetting::Disable, now);
      break;
    case 12:
      (void)source.set_input(choice > 0x20 ? UibcSetting::Enable : UibcSetting::Disable, now);
      break;
    case 10:
      (void)source.set_quirks({.keepalive = choice % 2 == 0 ? std::optional<Duration>(0s) : std::nullopt,
                               .stop_refused_keepalive = choice % 3 == 0,
                               .wait_for_m2 = choice % 2 == 1,
                               .one_server_port = choice % 5 == 0,
                               .pause_at_source = choice % 4 == 0},
                              now);
      break;
  }
}

void command(SinkSession& sink, std::uint8_t choice, Time now) {
  switch (choice % 9) {
    case 0:
      (void)sink.play(now);
      break;
    case 1:
      (void)sink.pause(now);
      break;
    case 2:
      (void)sink.request_idr(now);
      break;
    case 3:
      (void)sink.report(Delivery::Multicast, "lag=3ms", now);
      break;
    case 4:
      (void)sink.end(now);
      break;
    case 5:
      sink.heard(now);
      break;
    case 6:
      (void)sink.standby(now);
      break;
    case 7:
      (void)sink.want_input(now);
      break;
    case 8:
      (void)sink.set_quirks({.one_client_port = true}, now);
      break;
  }
}

template <class Session>
void drive(Session& session, ByteReader& in, Time now) {
  std::size_t ends = 0;
  const auto took = [&](const auto& step) {
    require(step.to_peer.size() <= kMaxOutput);
    for (const auto& event : step.events) ends += std::holds_alternative<SessionEnded>(event) ? 1 : 0;
    require(ends <= 1);
  };
  while (in.ok() && in.remaining() > 0) {
    const std::uint8_t action = in.u8();
    if (action < 0x40) {
      command(session, action, now);
    } else if (action < 0x60) {
      now = session.next_deadline().value_or(now);
      took(session.tick(now));
    } else if (action < 0x61) {
      took(session.connection_lost(now));
    } else {
      const std::size_t size = std::min<std::size_t>(in.remaining(), action < 0xF0 ? action - 0x60u : 1024u);
      took(session.receive(in.text(size), now));
    }
    if (session.state() == Session::State::Ended) require(!session.next_deadline());
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
  fuzz::Mutator mutator(seed);
  return mutator.often() ? mutator.insert(data, size, most) : LLVMFuzzerMutate(data, size, most);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  const std::uint8_t role = in.u8();
  const std::uint8_t steps = in.u8();
  if (!in.ok()) return 0;
  Conversation conversation((role & 2) != 0);
  conversation.run(steps % 8u);
  if ((role & 1) != 0) {
    drive(conversation.source, in, conversation.now);
  } else {
    drive(conversation.sink, in, conversation.now);
  }
  return 0;
}
