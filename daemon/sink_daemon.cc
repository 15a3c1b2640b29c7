#include "daemon/sink_daemon.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/access.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using rtsp::SinkSession;

namespace {

// How long an invitation is good for, and how often the source's port is tried.
constexpr Duration kInvitationLife = 10s;
constexpr Duration kConnectTimeout = 3s;
constexpr Duration kRetry = 500ms;
// In a new Wi-Fi Direct group: how long one of our own sources has for its invitation, and a plain one for
// getting ready.
constexpr Duration kInvitationTime = 3s;
constexpr Duration kPlainTime = 60s;
constexpr Duration kLinkPoll = 250ms;

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
  ours.rtp_port = rtp_port;
  ours.connector = "05";  // HDMI
  ours.idr_requests = true;
  ours.standby = true;
  ours.multicast = true;
  ours.repair = {.retransmission = config.repairs_by("nack"),
                 .parity = config.repairs_by("nack"),
                 .latency = std::chrono::duration_cast<std::chrono::milliseconds>(config.latency())};
  return ours;
}

std::unique_ptr<media::TsOutput> open_output_or_throw(platform::EventLoop& loop, const Config& config,
                                                      const std::string& helper_directory) {
  auto output = media::open_output(loop, config.sink.output, helper_directory, [](const std::string& line) {
    log(Severity::Warning, "output: {}", line);
  });
  if (!output) throw ConfigError("sink.output: " + output.error());
  return std::move(*output);
}

discovery::BeaconSchedule::Options beacon_options(const Environment& environment) {
  return {.id = environment.id(),
          .name = environment.config.name,
          .port = environment.config.discovery.port,
          .information = {.role = Role::PrimarySink, .control_port = environment.config.rtsp.port},
          .interval = environment.config.discovery.interval,
          .boot_id = platform::random_u64(),
          .seed = platform::random_u64()};
}

}  // namespace

SinkDaemon::SinkDaemon(Environment& environment)
    : environment_(environment),
      loop_(environment.loop),
      config_(environment.config),
      started_(loop_.now()),
      interfaces_(loop_, config_.interface, [this] { interfaces_changed(); }),
      output_(open_output_or_throw(loop_, config_, environment.media.helper_directory)),
      retry_timer_(loop_, [this] { connect(); }),
      shut_down_timer_(loop_, [this] { shut_down_done_(); }),
      link_timer_(loop_, [this] { look_for_plain_source(); }),
      announcer_(loop_, interfaces_, beacon_options(environment),
                 {.config = config_,
                  .trust = environment.trust,
                  .pairing_open = [this] { return pairing_ && pairing_->is_open(); },
                  .access = [this](const std::string& interface) { return access(interface); }},
                 [this](const discovery::Invitation& invitation, const Endpoint& sender, int index) {
                   invited(invitation, sender, index);
                 }),
      p2p_(environment, interfaces_, [this](const discovery::LinkEvent& event) { on_link_event(event); }),
      tuning_(config_.wifi) {
  if (!environment.tls) return;
  pairing_.emplace(loop_, config_, environment.trust, *environment.tls,
                   [this](std::string_view event, const json& params) {
                     environment_.publish(event, [&] { return params; });
                   });
}

// Plain WFD where it is open, and in a Wi-Fi Direct group that our supplicant reported: WPA2 protects that
// link.
Access SinkDaemon::access(const std::string& interface) const {
  const auto& group = p2p_.device().group();
  return group && group->interface == interface ? Access::Plain : access_on(config_, interface);
}

void SinkDaemon::on_link_event(const discovery::LinkEvent& event) {
  std::visit(overloaded{
                 [&](const discovery::LinkUp&) {
                   linked_ = loop_.now();
                   link_timer_.set(loop_.now());
                 },
                 [&](const discovery::MemberJoined&) {
                   linked_ = loop_.now();
                   link_timer_.set(loop_.now());
                 },
                 [&](const discovery::LinkDown& e) {
                   tuning_.forget(e.interface);
                   linked_.reset();
                   link_timer_.set(std::nullopt);
                   if (source_ && source_->interface == e.interface) link_lost();
                 },
                 [&](const discovery::MemberLeft& e) {
                   if (source_ && source_->p2p == e.member.device) link_lost();
                 },
                 [](const auto&) {},
             },
             event);
}

// What went over it will never come back: the keep-alive need not tell.
void SinkDaemon::link_lost() {
  if (driver_) return driver_->apply(&SinkSession::connection_lost);
  ended("the Wi-Fi Direct link is down");
}

// A source of ours invites us in the group as on any network. Any other one waits for our connection.
void SinkDaemon::look_for_plain_source() {
  const auto& group = p2p_.device().group();
  if (!linked_ || source_ || !group || shut_down_done_) return;
  const Duration linked = loop_.now() - *linked_;
  const UsableInterface* interface = interfaces_.by_name(group->interface);
  for (const auto& member : group->members) {
    const Ipv4Address address = p2p_.address_of(member.device);
    const auto found = p2p_.device().peers().find(member.device);
    const discovery::P2pPeer* peer = found == p2p_.device().peers().end() ? nullptr : &found->second;
    const bool foreign = peer && peer->board && !*peer->board;
    if (!interface || !address || (!foreign && linked < kInvitationTime)) continue;
    std::uint16_t port = config_.rtsp.port;
    if (peer && peer->seen.wfd) {
      if (peer->seen.wfd->role == Role::PrimarySink) continue;
      if (peer->seen.wfd->control_port != 0) port = peer->seen.wfd->control_port;
    }
    return begin({.invitation = std::nullopt,
                  .p2p = member.device,
                  .name = p2p_.device().name_of(member.device),
                  .rtsp = {address, port},
                  .interface = interface->name,
                  .interface_index = interface->index,
                  .expires = loop_.now() + kPlainTime,
                  .since = loop_.now(),
                  .format = std::nullopt,
                  .key = std::nullopt});
  }
  if (linked < kPlainTime) link_timer_.set(loop_.now() + kLinkPoll);
}

void SinkDaemon::interfaces_changed() {
  for (const std::string& problem : interfaces_.problems()) log(Severity::Warning, "interface {}", problem);
  announcer_.interfaces_changed();
  if (stream_) stream_->interfaces_changed();
  if (!driver_) return;
  // Back under another index or with another address: the connection is dead. While it is gone, wait.
  const UsableInterface* interface = interfaces_.by_name(source_->interface);
  if (interface &&
      (interface->index != source_->interface_index || interface->address != driver_->local().address)) {
    driver_->apply(&SinkSession::connection_lost);
  }
}

// The source that we are with has started over, or lost us.
bool SinkDaemon::replaces_current(const discovery::Invitation& invitation, Ipv4Address sender) const {
  if (!source_ || source_->rtsp.address != sender) return false;
  return !source_->invitation || source_->invitation->source == invitation.source;
}

void SinkDaemon::invited(const discovery::Invitation& invitation, const Endpoint& sender,
                         int interface_index) {
  const UsableInterface* interface = interfaces_.by_index(interface_index);
  if (shut_down_done_ || !interface) return;
  const Endpoint rtsp{sender.address, invitation.information.control_port};
  if (invitation.purpose == discovery::Purpose::Pairing) {
    if (pairing_) pairing_->invited(invitation, rtsp, interface->name);
    return;
  }
  if (source_) {
    if (source_->invitation && source_->invitation->token == invitation.token) return;  // a repetition
    if (!replaces_current(invitation, sender.address)) {
      log(Severity::Notice, "invitation from {} at {}: busy with {}, ignoring", printable(invitation.name),
          to_string(sender.address), source_->name);
      return;
    }
    if (driver_) driver_->apply(&SinkSession::connection_lost);
  }
  begin({.invitation = invitation,
         .p2p = p2p_.member_at(sender.address, interface->name),
         .name = printable(invitation.name),
         .rtsp = rtsp,
         .interface = interface->name,
         .interface_index = interface->index,
         .expires = loop_.now() + kInvitationLife,
         .since = loop_.now(),
         .format = std::nullopt,
         .key = access(interface->name) == Access::Trusted ? invitation.key : std::nullopt});
}

void SinkDaemon::begin(Source source) {
  source_ = std::move(source);
  log(Severity::Info, "{} {} at {}", source_->invitation ? "invited by" : "linked with", source_->name,
      to_string(source_->rtsp));
  if (source_->invitation) {
    environment_.publish("invited", [&] {
      return json{{"name", source_->name}, {"address", to_string(source_->rtsp.address)}};
    });
  }
  announcer_.set_state(discovery::SinkState::Busy);
  p2p_.set_available(false);
  loop_.post([this] { connect(); });
}

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
  if (!source_) return;
  if (!connection) return try_again(connection.error());
  const SessionKeys keys = session_keys(**connection);
  start_session(std::move(*connection), keys);
}

void SinkDaemon::try_again(const std::string& why) {
  log(Severity::Debug, "connect to {}: {}", to_string(source_->rtsp), why);
  if (loop_.now() < source_->expires) return retry_timer_.set(loop_.now() + kRetry);
  ended(fmt::format("cannot connect to {}: {}", to_string(source_->rtsp), why));
}

void SinkDaemon::trust_changed() {
  if (!source_ || !source_->key) return;
  const security::TrustEntry* const entry = environment_.trust.store().find(*source_->key);
  if (entry && entry->rights.show) return;
  log(Severity::Notice, "session with {}: its right to show here is gone", source_->name);
  if (driver_) {
    driver_->apply(&SinkSession::connection_lost);
  } else {
    ended("no longer paired");
  }
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
  if (source_->invitation)
    options.header = rtsp::WfdcastHeader{environment_.id(), source_->invitation->token};
  if (keys) options.link = rtsp::SinkOptions::Link::Secure;
  driver_ = std::make_unique<Driver>(loop_, std::move(connection), std::move(options),
                                     [this](const rtsp::SinkEvent& event) { on_session_event(event); });
  driver_->start();
}

void SinkDaemon::on_session_event(const rtsp::SinkEvent& event) {
  std::visit(
      overloaded{
          [&](const rtsp::StreamChosen& e) {
            source_->format = e.format;
            // Its first message after our certificate was verified: the handshake was mutual.
            if (source_->key) environment_.trust.promote(*source_->key);
            log(Severity::Info, "session with {}: {}", source_->name, to_string(e.format));
          },
          [&](const rtsp::StreamReady& e) { stream_->start(e.transport, source_->rtsp.address); },
          [&](const rtsp::StreamPlaying&) {
            stream_->play();
            announcer_.set_state(discovery::SinkState::Playing);
            p2p_.set_streaming(true);
            tuning_.use(source_->interface, 0);
            log(Severity::Info, "session with {}: playing", source_->name);
            environment_.publish("session_playing", [&] { return session_row(); });
          },
          [&](const rtsp::StreamPaused&) {
            stream_->pause();
            announcer_.set_state(discovery::SinkState::Paused);
            log(Severity::Info, "session with {}: paused", source_->name);
            environment_.publish("session_paused", [&] { return session_row(); });
          },
          [&](const rtsp::KeyGiven& e) { stream_->add_key(e.key); },
          [&](const rtsp::StreamStandby&) {
            stream_->pause();
            announcer_.set_state(discovery::SinkState::Standby);
            log(Severity::Info, "session with {}: standby", source_->name);
            environment_.publish("session_standby", [&] { return session_row(); });
          },
          [&](const rtsp::MoveRequested& e) { stream_->move(e.transport); },
          [&](const rtsp::SessionEnded& e) {
            const std::string detail = printable(e.detail);
            ended(fmt::format("{}{}{}", rtsp::to_string(e.reason), detail.empty() ? "" : ": ", detail));
          },
      },
      event);
}

// Driver and stream die outside their own callbacks.
void SinkDaemon::ended(const std::string& why) {
  log(Severity::Info, "session with {}: ended, {}", source_->name, why);
  if (source_->invitation) announcer_.guard().use(source_->invitation->token);
  environment_.publish("session_ended", [&] { return json{{"name", source_->name}, {"reason", why}}; });
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

void SinkDaemon::shut_down(std::function<void()> done) {
  shut_down_done_ = [this, done = std::move(done)] { p2p_.shut_down(done); };
  shut_down_timer_.set(driver_ ? loop_.now() + 1500ms : loop_.now());
  announcer_.say_goodbye();
  if (driver_) driver_->apply(&SinkSession::end);
}

std::string SinkDaemon::summary() const {
  if (interfaces_.usable().empty()) return fmt::format("sink \"{}\": no address", config_.name);
  if (!source_) return fmt::format("sink \"{}\": available", config_.name);
  return fmt::format("sink \"{}\": {} with {}", config_.name,
                     driver_ ? rtsp::to_string(driver_->session().state()) : "connecting", source_->name);
}

}  // namespace wfdcast::daemon
