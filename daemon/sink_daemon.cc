#include "daemon/sink_daemon.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "daemon/access.h"
#include "daemon/session_log.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using rtsp::SinkSession;

namespace {

constexpr Duration kInvitationLife = 10s;
// In a new Wi-Fi Direct group: how long a source has for its invitation, and a plain one for getting ready.
constexpr Duration kInvitationTime = 3s, kOwnInvitationTime = 20s;
constexpr Duration kPlainTime = 60s;
constexpr Duration kLinkPoll = 250ms;

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

// How long a peer is expected to invite us by itself: one of ours does so as soon as it has heard us.
Duration invitation_time(const discovery::P2pPeer* peer) {
  switch (peer ? peer->make : discovery::Make::Unknown) {
    case discovery::Make::Ours:
      return kOwnInvitationTime;
    case discovery::Make::Other:
      return 0s;
    case discovery::Make::Unknown:
      return kInvitationTime;
  }
  return kInvitationTime;
}

}  // namespace

SinkDaemon::SinkDaemon(Environment& environment)
    : environment_(environment),
      loop_(environment.loop),
      config_(environment.config),
      started_(loop_.now()),
      interfaces_(loop_, config_.interface, [this] { interfaces_changed(); }),
      quirks_(QuirkTable::load(config_.rtsp.quirks)),
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
      tuning_(config_.wifi),
      input_(environment, [this] {
        if (driver_) driver_->apply(&SinkSession::want_input);
      }) {
  output_->on_input([this](const Input& input) { input_.take(input); });
  output_->on_reader([this] {
    if (driver_) driver_->apply(&SinkSession::request_idr);
  });
  if (!environment.tls) return;
  pairing_.emplace(
      loop_, config_, environment.trust, *environment.tls,
      [this](std::string_view event, const json& params) {
        environment_.publish(event, [&] { return params; });
      },
      [this](const std::string& text) { output_->show(text); });
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
    if (!interface || !address || linked < invitation_time(peer)) continue;
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
      if (const auto end = invitation_lines_.take(sender.address, loop_.now())) {
        log(Severity::Notice, "invitation from {} at {}: busy with {}, ignoring{}",
            printable(invitation.name), to_string(sender.address), source_->name, *end);
      }
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
  const auto end_of_line =
      source_->key ? std::string() : session_lines_.take(source_->rtsp.address, loop_.now());
  source_->quiet = !end_of_line;
  log(source_->quiet ? Severity::Debug : Severity::Info, "{} {} at {}{}",
      source_->invitation ? "invited by" : "linked with", source_->name, to_string(source_->rtsp),
      end_of_line.value_or(""));
  if (source_->invitation) {
    environment_.publish("invited", [&] {
      return json{{"name", source_->name}, {"address", to_string(source_->rtsp.address)}};
    });
  }
  announcer_.set_state(discovery::SinkState::Busy);
  p2p_.set_available(false);
  loop_.post([this] { connect(); });
}

void SinkDaemon::trust_changed() {
  if (!source_ || !source_->key) return;
  const security::TrustEntry* const entry = environment_.trust.store().find(*source_->key);
  if (entry && entry->rights.show) return;
  log_session(*source_, Severity::Notice, "its right to show here is gone");
  if (driver_) {
    driver_->apply(&SinkSession::connection_lost);
  } else {
    ended("no longer paired");
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
