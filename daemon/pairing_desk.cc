#include "daemon/pairing_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.h"
#include "base/text.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using security::Pairing;

namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-wfdcast-pair";
constexpr Duration kGrace = 1s;
constexpr std::size_t kDigits = 6;

RpcError refused(std::string message) { return {RpcError::kFailed, "pair: " + std::move(message)}; }

}  // namespace

PairingDesk::PairingDesk(platform::EventLoop& loop, const Config& config, Trust& trust, Pairing::Role role,
                         Callbacks callbacks)
    : loop_(loop),
      config_(config),
      trust_(trust),
      role_(role),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { expire(); }) {}

void PairingDesk::open(Call& call, Duration length, std::optional<DeviceId> expected) {
  if (is_open()) close("another pairing began here");
  window_.open(loop_.now() + length);
  expected_ = expected;
  timer_.set(window_.deadline());
  log(Severity::Notice, "pairing: open for {} s", length / 1s);
  callbacks_.publish("pairing_open", {{"seconds", length / 1s}});
  if (!call.params.value("wait", true)) return call.reply(json{{"result", "open"}});
  waiting_ = call;
}

bool PairingDesk::welcomes(const PublicKey& key) const {
  return is_open() && !busy() && key != trust_.identity().public_key() &&
         (!expected_ || security::device_id_of(key) == *expected_);
}

void PairingDesk::attach(std::unique_ptr<platform::TlsConnection> connection, const PublicKey& peer,
                         std::string name) {
  const PublicKey& own = trust_.identity().public_key();
  const bool source = role_ == Pairing::Role::Source;
  security::PairingContext context{.source = source ? own : peer, .sink = source ? peer : own};
  std::ranges::copy(connection->exported(kExporterLabel, context.exporter.size()), context.exporter.begin());
  security::Nonce nonce;
  platform::fill_random(nonce);
  peer_ = peer;
  name_ = std::move(name);
  pairing_.emplace(role_, context, nonce, loop_.now());
  connection_ = std::move(connection);
  connection_->set_callbacks({.on_bytes =
                                  [this](std::string_view bytes) {
                                    if (pairing_) carry_out(pairing_->receive(as_bytes(bytes), loop_.now()));
                                  },
                              .on_closed =
                                  [this](const std::string&) {
                                    if (pairing_) carry_out(pairing_->connection_lost());
                                  }});
  carry_out(pairing_->start());
}

void PairingDesk::carry_out(Pairing::Step step) {
  if (!step.to_peer.empty() && connection_) connection_->write(as_text(step.to_peer));
  timer_.set(pairing_->next_deadline());  // a person who compares may finish after the window has closed
  for (const auto& event : step.events) {
    std::visit(overloaded{[&](const security::NumberReady& e) { show(e.number); },
                          [&](const security::PairingDone&) { paired(); },
                          [&](const security::PairingFailed& e) { failed(e.reason); }},
               event);
  }
}

// The number is no secret: whoever sees it can do nothing with it.
void PairingDesk::show(std::uint32_t number) {
  const std::string text = security::number_text(number);
  log(Severity::Notice, "pairing with {}: the number is {}; confirm it when both ends show the same", name_,
      text);
  const json shown{{"state", "number"},
                   {"number", text},
                   {"name", name_},
                   {"id", to_string(security::device_id_of(peer_))}};
  callbacks_.publish("pairing_number", shown);
  if (waiting_) waiting_->progress(shown);
  if (callbacks_.show)
    callbacks_.show(fmt::format("{}\n{} {}", name_, text.substr(0, kDigits / 2), text.substr(kDigits / 2)));
  if (config_.security.pairing_command.empty()) return;
  const platform::Child::Options options{
      .command = {"/bin/sh", "-c", config_.security.pairing_command + " \"$@\"", "sh", text, name_}};
  auto child = platform::Child::start(loop_, options, [this, text](const std::string& how) {
    const bool yes = how == "exited with 0";
    (void)(yes ? confirm(text) : refuse());
  });
  if (child) {
    command_ = std::move(*child);
  } else {
    log(Severity::Error, "security.pairing_command: {}", child.error().message());
  }
}

Result<json, RpcError> PairingDesk::confirm(const std::string& number) {
  if (!pairing_ || pairing_->state() != Pairing::State::Comparing)
    return fail(refused("no number is shown now"));
  if (number != security::number_text(*pairing_->number())) {
    carry_out(pairing_->refuse());
    return fail(refused("that is not the number shown here: refused"));
  }
  carry_out(pairing_->confirm());
  return json{{"name", name_}, {"result", "confirmed"}};
}

Result<json, RpcError> PairingDesk::refuse() {
  if (!pairing_) return fail(refused("no pairing is under way"));
  carry_out(pairing_->refuse());
  return json{{"name", name_}, {"result", "refused"}};
}

void PairingDesk::paired() {
  const security::TrustEntry entry{
      .key = peer_, .name = name_, .pending_until = loop_.now() + security::TrustStore::kPendingLife};
  const std::string id = to_string(security::device_id_of(peer_));
  const auto added = trust_.add(entry);
  if (!added) log(Severity::Error, "pairing with {}: {}", name_, added.error());
  log(Severity::Notice, "pairing with {} ({}): confirmed at both ends", name_, id);
  callbacks_.publish("paired", {{"name", name_}, {"id", id}});
  const Endpoint endpoint = connection_->peer();
  window_.close();
  timer_.set(std::nullopt);
  if (waiting_) {
    waiting_->reply(json{{"name", name_}, {"id", id}, {"result", "paired"}});
    waiting_.reset();
  }
  drop_connection();
  callbacks_.on_paired(entry, endpoint);
}

void PairingDesk::failed(const std::string& reason) {
  log(Severity::Notice, "pairing with {}: {}", name_, reason);
  drop_connection();
  try_failed(reason);
}

void PairingDesk::try_failed(const std::string& reason) {
  callbacks_.publish("pairing_failed", {{"name", name_}, {"reason", reason}});
  const bool was_open = is_open();
  window_.failed();
  if (was_open && !is_open()) return close(reason);
  if (waiting_) waiting_->progress({{"state", "failed, trying again"}, {"name", name_}, {"reason", reason}});
  timer_.set(window_.deadline());
}

void PairingDesk::close(const std::string& why) {
  window_.close();
  timer_.set(std::nullopt);
  if (pairing_) {
    if (connection_) connection_->write(as_text(pairing_->refuse().to_peer));
    drop_connection();
  }
  log(Severity::Notice, "pairing: closed, {}", why);
  callbacks_.publish("pairing_closed", {{"reason", why}});
  if (waiting_) waiting_->reply(fail(refused(why)));
  waiting_.reset();
}

// Neither dies inside its own callback.
void PairingDesk::drop_connection() {
  if (pairing_ && callbacks_.show) callbacks_.show({});
  pairing_.reset();
  if (connection_) connection_->finish(kGrace);
  loop_.post([command = std::shared_ptr<platform::Child>(std::move(command_))] {});
  loop_.post([last = std::shared_ptr<platform::TlsConnection>(std::move(closing_))] {});
  closing_ = std::move(connection_);  // until its last words have left
}

void PairingDesk::expire() {
  if (pairing_) carry_out(pairing_->tick(loop_.now()));
  if (window_.deadline() && !is_open() && !pairing_) close("the time is over");
}

}  // namespace wfdcast::daemon
