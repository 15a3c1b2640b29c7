// The session of a sink: it connects to the source that invited it, and puts out what it gets.
#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/display_edid.h"
#include "daemon/session_log.h"
#include "daemon/sink_daemon.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using rtsp::SinkSession;

namespace {

// How often the source's port is tried while the invitation is good.
constexpr Duration kConnectTimeout = 3s;
constexpr Duration kRetry = 500ms;

// Every progressive CEA mode in both profiles; the player scales.
SinkCapabilities capabilities(const Config& config, std::uint16_t rtp_port) {
  SinkCapabilities ours;
  VideoModes modes;
  for (const VideoMode& mode : video_modes()) {
    if (mode.table == VideoTable::Cea && !mode.interlaced) modes = modes | mode.bit();
  }
  for (const H264Profile profile : {H264Profile::ConstrainedBaseline, H264Profile::ConstrainedHigh}) {
    ours.video.push_back({.profiles = static_cast<std::uint8_t>(profile),
                          .level = static_cast<std::uint8_t>(H264Level::L4_2),
                          .modes = modes});
  }
  ours.native = 0x40;  // CEA 8: 1920x1080p60
  ours.audio = {{AudioFormat::Lpcm, kLpcm48kStereo, 0}, {AudioFormat::Aac, kAac48kStereo, 0}};
  ours.edid = display_edid(config.sink.edid);
  ours.rtp_port = rtp_port;
  ours.name = config.name;
  ours.connector = "05";  // HDMI
  ours.idr_requests = true;
  ours.standby = true;
  ours.multicast = true;
  ours.repair = {.retransmission = config.repairs_by("nack"),
                 .parity = config.repairs_by("nack"),
                 .fec = config.repairs_by("fec"),
                 .latency = std::chrono::duration_cast<std::chrono::milliseconds>(config.latency())};
  return ours;
}

}  // namespace

void SinkDaemon::connect() {
  if (!source_ || driver_ || connector_ || dialer_) return;
  if (source_->key) {
    dialer_ = std::make_unique<TlsDialer>(
        loop_, *environment_.tls,
        TlsDialer::Target{source_->rtsp, source_->interface, std::string(kRtspProtocol), *source_->key,
                          config_.rtsp.timeout},
        kConnectTimeout, [this](Result<std::unique_ptr<platform::TlsConnection>, std::string> connection) {
          secured(std::move(connection));
        });
    return;
  }
  connector_ =
      std::make_unique<platform::Connector>(loop_, source_->rtsp, source_->interface, kConnectTimeout,
                                            [this](Result<platform::Fd> fd) { connected(std::move(fd)); });
}

void SinkDaemon::connected(Result<platform::Fd> fd) {
  loop_.post([connector = std::shared_ptr<platform::Connector>(std::move(connector_))] {});
  if (!source_) return;
  if (!fd) return try_again(fd.error().message());
  (void)platform::prepare_tcp(fd->get(), config_.rtsp.timeout);
  start_session(
      std::make_unique<platform::StreamConnection>(loop_, std::move(*fd), platform::Connection::Callbacks{}),
      std::nullopt);
}

void SinkDaemon::secured(Result<std::unique_ptr<platform::TlsConnection>, std::string> connection) {
  loop_.post([dialer = std::shared_ptr<TlsDialer>(std::move(dialer_))] {});
  if (!source_) {
    if (connection)  // not from inside its own callback
      loop_.post([gone = std::shared_ptr<platform::TlsConnection>(std::move(*connection))] {});
    return;
  }
  if (!connection) return try_again(connection.error());
  const SessionKeys keys = session_keys(**connection);
  start_session(std::move(*connection), keys);
}

void SinkDaemon::try_again(const std::string& why) {
  log(Severity::Debug, "connect to {}: {}", to_string(source_->rtsp), why);
  if (loop_.now() < source_->expires) return retry_timer_.set(loop_.now() + kRetry);
  ended(fmt::format("cannot connect to {}: {}", to_string(source_->rtsp), why));
}

void SinkDaemon::start_session(std::unique_ptr<platform::Connection> connection,
                               const std::optional<SessionKeys>& keys) {
  if (source_->invitation) announcer_.guard().use(source_->invitation->token);
  try {
    stream_ = std::make_unique<SinkStream>(
        loop_, config_, interfaces_, source_->interface, *output_, keys,
        SinkStream::Callbacks{.on_delivery =
                                  [this](Delivery delivery, const std::string& detail) {
                                    if (driver_) driver_->apply(&SinkSession::report, delivery, detail);
                                  },
                              .on_picture_lost =
                                  [this] {
                                    if (driver_) driver_->apply(&SinkSession::request_idr);
                                  },
                              .on_heard =
                                  [this] {
                                    if (driver_) driver_->heard();
                                  }});
  } catch (const std::system_error& error) {
    return ended(error.what());
  }
  rtsp::SinkOptions options{.capabilities = capabilities(config_, stream_->ports().rtp),
                            .client = stream_->ports(),
                            .header = std::nullopt};
  options.capabilities.uibc = input_.capability();
  if (source_->invitation)
    options.header = rtsp::WfdcastHeader{environment_.id(), source_->invitation->token};
  if (keys) options.link = rtsp::SinkOptions::Link::Secure;
  driver_ = std::make_unique<Driver>(loop_, std::move(connection), std::move(options),
                                     [this](const rtsp::SinkEvent& event) { on_session_event(event); });
  driver_->start();
}

void SinkDaemon::on_session_event(const rtsp::SinkEvent& event) {
  if (!source_->key && !event_lines_.take(source_->rtsp.address, loop_.now())) source_->quiet = true;
  std::visit(
      overloaded{
          [&](const rtsp::SourceGreeted& e) {
            if (e.agent.empty()) return;  // our own sources have none
            const AppliedQuirks quirks = quirks_.match({.agent = e.agent, .name = source_->name});
            source_->quirks = quirks.names;
            driver_->apply(&SinkSession::set_quirks, quirks.session);
          },
          [&](const rtsp::StreamChosen& e) {
            source_->format = e.format;
            if (e.format.video) input_.set_picture({e.format.video->mode.width, e.format.video->mode.height});
            // Its first message after our certificate was verified: the handshake was mutual.
            if (source_->key) environment_.trust.promote(*source_->key);
            log_session(*source_, Severity::Info, "{}", to_string(e.format));
          },
          [&](const rtsp::StreamReady& e) { stream_->start(e.transport, source_->rtsp.address); },
          [&](const rtsp::StreamPlaying&) {
            stream_->play();
            announcer_.set_state(discovery::SinkState::Playing);
            p2p_.set_streaming(true);
            tuning_.use(source_->interface, 0);
            log_session(*source_, Severity::Info, "playing");
            environment_.publish("session_playing", [&] { return session_row(); });
          },
          [&](const rtsp::StreamPaused&) {
            stream_->pause();
            announcer_.set_state(discovery::SinkState::Paused);
            log_session(*source_, Severity::Info, "paused");
            environment_.publish("session_paused", [&] { return session_row(); });
          },
          [&](const rtsp::KeyGiven& e) { stream_->add_key(e.key); },
          [&](const rtsp::StreamStandby&) {
            stream_->pause();
            announcer_.set_state(discovery::SinkState::Standby);
            log_session(*source_, Severity::Info, "standby");
            environment_.publish("session_standby", [&] { return session_row(); });
          },
          [&](const rtsp::MoveRequested& e) { stream_->move(e.transport); },
          [&](const rtsp::InputOffered& e) {
            input_.offered(e, {source_->rtsp.address, source_->interface, source_->key});
          },
          [&](const rtsp::SessionEnded& e) {
            const std::string detail = printable(e.detail);
            ended(fmt::format("{}{}{}", rtsp::to_string(e.reason), detail.empty() ? "" : ": ", detail));
          },
      },
      event);
}

// Driver and stream die outside their own callbacks.
void SinkDaemon::ended(const std::string& why) {
  log_session(*source_, Severity::Info, "ended, {}", why);
  if (source_->invitation) announcer_.guard().use(source_->invitation->token);
  environment_.publish("session_ended", [&] { return json{{"name", source_->name}, {"reason", why}}; });
  input_.end();
  source_.reset();
  tuning_.end();
  retry_timer_.set(std::nullopt);
  loop_.post([driver = std::shared_ptr<Driver>(std::move(driver_)),
              dialer = std::shared_ptr<TlsDialer>(std::move(dialer_)),
              stream = std::shared_ptr<SinkStream>(std::move(stream_))]() mutable {
    stream.reset();
    driver.reset();
  });
  if (shut_down_done_) {
    shut_down_timer_.set(loop_.now());
  } else {
    announcer_.set_state(discovery::SinkState::Available);
    p2p_.set_streaming(false);
    p2p_.set_available(true);
  }
}

}  // namespace wfdcast::daemon
