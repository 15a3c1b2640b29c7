// What sessions tell, and what follows from it.
#include <algorithm>

#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/session_log.h"
#include "daemon/source_daemon.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::Severity;

void SourceDaemon::on_session_event(SessionId id, const rtsp::SourceEvent& event) {
  const auto found = sinks_.find(id);
  if (found == sinks_.end()) return;
  Sink& sink = found->second;
  if (!sink.key && !event_lines_.take(sink.address.address, loop_.now())) sink.quiet = true;
  std::visit(overloaded{
                 [&](const rtsp::SinkGreeted& greeting) { greeted(sink, greeting); },
                 [&](const rtsp::SinkDescribed&) { described(sink); },
                 [&](const rtsp::FormatDeclined& e) { declined(sink, e.next); },
                 [&](const rtsp::StreamSetUp& e) { set_up(sink, e); },
                 [&](const rtsp::PlayRequested&) { playing(sink); },
                 [&](const rtsp::PauseRequested&) {
                   stream_of(sink).pause(id);
                   sink.was_paused = true;
                   log_session(sink, Severity::Info, "paused");
                   environment_.publish("session_paused", [&] { return session_row(sink); });
                 },
                 [&](const rtsp::StandbyEntered&) {
                   stream_of(sink).pause(id);
                   sink.was_paused = true;
                   log_session(sink, Severity::Info, "standby");
                   environment_.publish("session_standby", [&] { return session_row(sink); });
                 },
                 [&](const rtsp::KeyAccepted& e) { stream_of(sink).key_accepted(id, e.mki); },
                 [&](const rtsp::IdrRequested&) { stream_of(sink).request_idr(); },
                 [&](const rtsp::ConnectorChanged& e) {
                   log_session(sink, Severity::Info, "its display's connector is {}",
                               e.connector.empty() ? "none" : e.connector);
                   environment_.publish("session_connector", [&] { return session_row(sink); });
                 },
                 [&](const rtsp::FormatChanged& e) {
                   sink.format = e.format;
                   input_.picture_changed(id, input_sink(sink).picture);
                   log_session(sink, Severity::Info, "takes {} from now on", to_string(e.format));
                   format_settled(id);
                 },
                 [&](const rtsp::FormatRefused& e) {
                   sink.driver->apply(&rtsp::SourceSession::refuse, e.detail);
                   format_settled(id);
                 },
                 [&](const rtsp::DeliveryReported& e) {
                   log_session(sink, Severity::Info, "has the stream by {} ({})",
                               e.delivery == Delivery::Multicast ? "multicast" : "unicast",
                               printable(e.detail));
                   stream_of(sink).report(id, e.delivery, printable(e.detail));
                   deliveries_changed();
                   environment_.publish("session_delivery", [&] { return session_row(sink); });
                 },
                 [&](const rtsp::InputDescribed& e) { input_.described(input_sink(sink), e.capability); },
                 [&](const rtsp::InputWanted& e) { input_.wanted(id, e.setting); },
                 [&](const rtsp::SessionEnded& end) { ended(id, end); },
             },
             event);
}

void SourceDaemon::playing(Sink& sink) {
  // While it was paused the packets may have been numbered on and on.
  if (sink.keys && std::exchange(sink.was_paused, false))
    sink.driver->apply(&rtsp::SourceSession::give_key, stream_of(sink).key_for_newcomer());
  stream_of(sink).play(sink.id);
  sink.played = true;
  log_session(sink, Severity::Info, "playing {}", sink.format ? to_string(*sink.format) : std::string());
  if (sink.device) inviter_.session_played(*sink.device);
  environment_.publish("session_playing", [&] { return session_row(sink); });
  p2p_.set_streaming(true);
  deliveries_changed();
  settle(sink, "");
}

void SourceDaemon::ended(SessionId id, const rtsp::SessionEnded& end) {
  Sink& sink = sinks_.at(id);
  const std::string detail = printable(end.detail);
  std::string why = fmt::format("{}{}{}", rtsp::to_string(end.reason), detail.empty() ? "" : ": ", detail);
  const std::string& protection = sink.driver->session().sink().protection;
  if (!sink.played && !protection.empty()) {
    why += fmt::format("; it asks for {}, and wfdcast has no content protection", protection);
  }
  log_session(sink, Severity::Info, "ended, {}", why);
  stream_of(sink).leave(id);
  input_.left(id);
  const bool by_hand = sink.device && dismissed_.contains(*sink.device);
  if (sink.keys && by_hand) stream_of(sink).change_key();
  format_settled(id);
  environment_.publish("session_ended",
                       [&] { return json{{"peer", sink.peer()}, {"name", sink.name}, {"reason", why}}; });
  if (sink.device) inviter_.session_ended(*sink.device, loop_.now());
  invite_timer_.set(inviter_.next_deadline());
  if (!replaced(sink)) {
    if (!sink.let_go && !invited_instead(sink)) settle(sink, why);
    if (sink.device) latest_.erase(*sink.device);
  }
  loop_.post([this, id] {
    sinks_.erase(id);
    if (!stream_.playing()) p2p_.set_streaming(false);
    deliveries_changed();
    if (shut_down_done_ && sinks_.empty()) shut_down_timer_.set(loop_.now());
  });
}

// Another session is with the same sink.
bool SourceDaemon::replaced(const Sink& sink) const {
  if (sink.device) return latest_.contains(*sink.device) && latest_.at(*sink.device) != sink.id;
  return std::any_of(sinks_.begin(), sinks_.end(), [&](const auto& entry) {
    const Sink& other = entry.second;
    return other.id != sink.id && !other.device && other.address.address == sink.address.address;
  });
}

// Our invitation met a sink that had just begun as a plain one: it leaves that session for it.
bool SourceDaemon::invited_instead(const Sink& sink) const {
  return !sink.device && !inviter_.tokens_for(sink.address.address, loop_.now()).empty();
}

void SourceDaemon::on_move(const stream::Move& move) {
  const auto sink = sinks_.find(move.id);
  if (sink == sinks_.end()) return;
  const Transport transport = stream_of(sink->second).transport(move.id, move.to, sink->second.local);
  sink->second.driver->apply(&rtsp::SourceSession::move, transport);
  deliveries_changed();
}

void SourceDaemon::tune_wireless() {
  std::map<std::string, std::size_t> receivers;  // by multicast, of each interface that something plays on
  for (const auto& [id, sink] : sinks_) {
    if (sink.driver->session().state() != rtsp::SourceSession::State::Playing) continue;
    const auto path = stream_.group().path(id);
    receivers[sink.interface] += path && *path != stream::Path::Unicast ? 1 : 0;
  }
  if (receivers.empty()) return tuning_.end();
  for (const auto& [interface, count] : receivers) tuning_.use(interface, count);
}

void SourceDaemon::on_rtcp(SessionId id, const stream::RtcpPacket& packet) {
  const auto found = sinks_.find(id);
  if (found == sinks_.end()) return;
  Sink& sink = found->second;
  sink.driver->heard();
  const auto keep_block = [&](const std::vector<stream::ReportBlock>& blocks) {
    for (const auto& block : blocks) {
      if (block.ssrc != stream_of(sink).ssrc()) continue;
      sink.figures.block = block;
      if (const auto round_trip = stream::round_trip(block, platform::ntp_time(loop_.now())))
        sink.figures.round_trip = round_trip;
    }
  };
  std::visit(overloaded{
                 [&](const stream::ReceiverReport& report) { keep_block(report.blocks); },
                 [&](const stream::SenderReport& report) { keep_block(report.blocks); },
                 [&](const stream::PlayoutReport& report) {
                   const auto before = sink.figures.playout.value_or(stream::PlayoutReport{});
                   sink.figures.received = report.received - before.received;
                   sink.figures.lost = report.lost - before.lost;
                   sink.figures.playout = report;
                   environment_.publish("sink_report", [&] { return stats_row(sink); });
                 },
                 [](const stream::Nack&) {},
                 [](const stream::Echo&) {},
                 [](const stream::ReceiverReference&) {},
                 [](const stream::ReferenceDelays&) {},
                 [](const stream::GroupSize&) {},
                 [](const stream::SourceDescription&) {},
                 [](const stream::Bye&) {},
             },
             packet);
}

}  // namespace wfdcast::daemon
