// Which picture and sound each sink gets (stream.on_mismatch), and what its quirks are.
#include <fmt/ranges.h>

#include "base/text.h"
#include "daemon/session_log.h"
#include "daemon/source_daemon.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

// How long the others may take to say yes to another format.
constexpr Duration kChangePatience = 1s;

}  // namespace

void SourceDaemon::apply_quirks(Sink& sink) {
  if (sink.device) return;
  std::string device_type;
  if (sink.p2p) {
    const auto& peers = p2p_.device().peers();
    if (const auto found = peers.find(*sink.p2p); found != peers.end())
      device_type = found->second.seen.device_type;
  }
  AppliedQuirks quirks = quirks_.match({.agent = sink.agent, .name = sink.name, .device_type = device_type});
  if (quirks.names == sink.quirks.names) return;
  sink.quirks = std::move(quirks);
  log_session(sink, Severity::Info, "quirks {}", fmt::format("{}", fmt::join(sink.quirks.names, ", ")));
  sink.driver->apply(&rtsp::SourceSession::set_quirks, sink.quirks.session);
}

void SourceDaemon::described(Sink& sink) {
  const SinkCapabilities& capabilities = sink.driver->session().sink();
  if (!sink.device && !capabilities.name.empty()) sink.name = capabilities.name;
  apply_quirks(sink);
  choose(sink, without_what_fails(capabilities, sink.quirks));
}

// It told of what it does not take. Whether it gets what it does take is said by stream.on_mismatch, if it is
// not alone.
void SourceDaemon::declined(Sink& sink, const StreamFormat& next) {
  log_session(sink, Severity::Info, "declines {}, may take {}", to_string(*sink.format), to_string(next));
  stream_of(sink).leave(sink.id);
  if (sink.own) loop_.post([gone = std::shared_ptr<OwnStream>(std::move(sink.own))] {});
  sink.format.reset();
  choose(sink, taking_only(without_what_fails(sink.driver->session().sink(), sink.quirks), next));
}

void SourceDaemon::choose(Sink& sink, SinkCapabilities able) {
  if (stream_.secure() && !sink.keys) able.multicast = false;  // it could not read the group's packets
  const auto format = admit(sink, able);
  if (!format) {
    log_session(sink, Severity::Warning, "refused: {}", format.error());
    if (sink.device) inviter_.forget(*sink.device);
    sink.driver->apply(&rtsp::SourceSession::refuse, format.error());
    return;
  }
  if (sink.quirks.needs_audio && !format->audio) {
    log_session(sink, Severity::Warning,
                "this device leaves sessions without sound; give it an input with sound");
  }
  sink.format = *format;
  SourceStream& stream = stream_of(sink);
  Transport transport = stream.transport(sink.id, stream.initial_delivery(sink.id), sink.local);
  if (!sink.device) transport.ssrc.reset();  // an ordinary sink sees nothing unusual
  if (sink.keys) sink.driver->apply(&rtsp::SourceSession::give_key, stream.key_for_newcomer());
  input_.described(input_sink(sink), able.uibc);
  sink.driver->apply(&rtsp::SourceSession::select, *format, transport);
}

Result<StreamFormat, std::string> SourceDaemon::admit(Sink& sink, const SinkCapabilities& able) {
  auto format = stream_.admit(sink.id, able, sink.interface_index);
  if (format) return format;
  switch (config_.stream.on_mismatch) {
    case OnMismatch::Refuse:
      return format;
    case OnMismatch::Renegotiate:
      return renegotiate(sink, able);
    case OnMismatch::OwnEncode:
      return give_own_encoder(sink, able);
  }
  return format;
}

// Everybody gets the best that all can take: M4 in session to those who have
// begun. Who is still on the way is told when it has set up.
Result<StreamFormat, std::string> SourceDaemon::renegotiate(Sink& sink, const SinkCapabilities& able) {
  std::vector<SinkCapabilities> all{able};
  for (const auto& [id, other] : sinks_) {
    if (id != sink.id && other.format && !other.own)
      all.push_back(without_what_fails(other.driver->session().sink(), other.quirks));
  }
  auto format = stream_.renegotiate(sink.id, all, sink.interface_index);
  if (!format) return format;
  log(Severity::Info, "stream: all move to {}", to_string(*format));
  const std::uint64_t pts = stream_.plan_change();
  const rtsp::FormatChangeTiming timing{pts, pts};
  for (auto& [id, other] : sinks_) {
    if (id == sink.id || other.own || !other.format || *other.format == *format) continue;
    if (other.driver->session().state() < rtsp::SourceSession::State::Ready) continue;
    changing_.insert(id);
    other.driver->apply(&rtsp::SourceSession::change_format, *format, timing);
  }
  change_pending_ = true;
  change_timer_.set(loop_.now() + kChangePatience);
  format_settled(sink.id);
  return format;
}

// A sink answered, refused or went; the last one changes the encoder.
void SourceDaemon::format_settled(SessionId id) {
  changing_.erase(id);
  if (change_pending_ && changing_.empty()) change_encoder();
}

void SourceDaemon::change_encoder() {
  change_pending_ = false;
  changing_.clear();
  change_timer_.set(std::nullopt);
  stream_.change_encoder();
}

Result<StreamFormat, std::string> SourceDaemon::give_own_encoder(Sink& sink, const SinkCapabilities& able) {
  if (!stream_.encodes()) return fail("source.input has one format: " + to_string(*stream_.group().format()));
  Config config = config_;
  config.stream.delivery = stream::DeliveryPolicy::Unicast;
  try {
    sink.own = std::make_unique<OwnStream>(loop_, std::move(config), interfaces_, environment_.media,
                                           stream_.group().group().address, stream_callbacks());
  } catch (const std::exception& error) {
    return fail(std::string("an encoder of its own: ") + error.what());
  }
  log_session(sink, Severity::Info, "gets an encoder of its own");
  return sink.own->stream.admit(sink.id, able, sink.interface_index);
}

void SourceDaemon::set_up(Sink& sink, const rtsp::StreamSetUp& set_up) {
  sink.client = set_up.client;
  SourceStream& stream = stream_of(sink);
  stream.set_up(sink.id, sink.address.address, set_up.client, sink.keys);
  const auto& running = stream.group().format();
  if (!running || running == sink.format) return;
  const std::uint64_t pts = stream.plan_change();
  sink.driver->apply(&rtsp::SourceSession::change_format, *running, rtsp::FormatChangeTiming{pts, pts});
}

}  // namespace wfdcast::daemon
