#include "daemon/source_input.h"

#include <algorithm>

#include "base/text.h"
#include "daemon/input_values.h"
#include "platform/log.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

constexpr std::size_t kShortestPrefix = 4;  // of an id
constexpr Duration kAskAgain = 1s;          // a sink that is told no

}  // namespace

SourceInput::SourceInput(const Environment& environment, const Interfaces& interfaces, Callbacks callbacks)
    : environment_(environment),
      config_(environment.config),
      interfaces_(interfaces),
      callbacks_(std::move(callbacks)) {}

bool SourceInput::wanted_at_all() const {
  const auto& from = config_.source.input_from;
  return !from.empty() && from.front() != "none";
}

// In paired mode: inside TLS, and with the right to it. The list narrows that down.
bool SourceInput::may_send(const Sink& sink) const {
  std::string name = sink.name;
  if (config_.security.mode == SecurityMode::Paired) {
    const security::TrustEntry* const entry = sink.key ? environment_.trust.store().find(*sink.key) : nullptr;
    if (!entry || !entry->trusted() || !entry->rights.input) return false;
    name = entry->name;
  }
  return std::ranges::any_of(config_.source.input_from, [&](const std::string& wanted) {
    const bool prefix = wanted.size() >= kShortestPrefix && sink.peer.starts_with(to_lower(wanted));
    return wanted == "ask" || iequals(wanted, name) || prefix || wanted == to_string(sink.address);
  });
}

// What a sink can bring about as often as it likes.
void SourceInput::say(Severity severity, const Sink& sink, std::string_view what) {
  if (const auto end = sink_lines_.take(sink.address, environment_.loop.now()))
    log(severity, "session {} ({}): {}{}", sink.id.value, sink.name, what, *end);
}

SourceInput::Candidate* SourceInput::holder() {
  const auto found = holder_ ? candidates_.find(*holder_) : candidates_.end();
  return found == candidates_.end() ? nullptr : &found->second;
}

void SourceInput::described(const Sink& sink, const UibcCapability& able) {
  if (!wanted_at_all() || !able.supported || !may_send(sink)) return;
  UibcCapability ours = all_input();
  ours.port = config_.source.input_port;
  const UibcCapability agreed = rtsp::common(ours, able);
  if (!agreed.supported) return left(sink.id);
  const auto known = candidates_.find(sink.id);
  if (known != candidates_.end() && known->second.agreed == agreed) return;  // it has been told
  Candidate& candidate = candidates_[sink.id];
  candidate.sink = sink;
  candidate.agreed = agreed;
  listen();
  const bool ask = config_.source.input_from.front() == "ask";
  if (!holder() && !ask && !by_hand_) hold(sink.id);
  const UibcSetting setting = holder_ == sink.id ? UibcSetting::Enable : UibcSetting::Disable;
  say(Severity::Info, sink, "can send input: " + rtsp::serialize(agreed));
  callbacks_.offer(sink.id, agreed, setting);
}

// The first that asks gets it; of a later one a person hears.
void SourceInput::wanted(SessionId id, UibcSetting setting) {
  const auto found = candidates_.find(id);
  if (found == candidates_.end()) return;
  Candidate& candidate = found->second;
  const Sink& sink = candidate.sink;
  if (setting == UibcSetting::Disable) {
    if (holder_ == id) hold(std::nullopt);
    return;
  }
  if (holder_ == id) return callbacks_.tell(id, UibcSetting::Enable);
  const bool ask = config_.source.input_from.front() == "ask";
  if (!holder() && !ask && !by_hand_) {
    hold(id);
    return callbacks_.tell(id, UibcSetting::Enable);
  }
  const Time now = environment_.loop.now();
  if (now < candidate.asks_again) return;
  candidate.asks_again = now + kAskAgain;
  say(Severity::Notice, sink, "asks for the input; give it by wfdctl input");
  environment_.publish("input_asked", [&] { return json{{"peer", sink.peer}, {"name", sink.name}}; });
  callbacks_.tell(id, UibcSetting::Disable);
}

void SourceInput::picture_changed(SessionId id, const PictureSize& picture) {
  const auto found = candidates_.find(id);
  if (found == candidates_.end()) return;
  found->second.sink.picture = picture;
  if (device_ && holder_ == id) device_->set_picture(picture);
}

void SourceInput::left(SessionId id) {
  if (holder_ == id) hold(std::nullopt);
  candidates_.erase(id);
  if (!candidates_.empty()) return;
  environment_.loop.post([this] {
    if (candidates_.empty()) listeners_.reset();
  });
  device_.reset();
}

void SourceInput::interfaces_changed() {
  if (listeners_) listeners_->interfaces_changed();
}

void SourceInput::trust_changed() {
  std::vector<SessionId> lost;
  for (const auto& [id, candidate] : candidates_) {
    if (!may_send(candidate.sink)) lost.push_back(id);
  }
  for (const SessionId id : lost) {
    callbacks_.tell(id, UibcSetting::Disable);
    left(id);
  }
}

void SourceInput::hold(std::optional<SessionId> id) {
  if (holder_ == id) return;
  close("somebody else, or nobody, holds the input");
  const Candidate* const before = holder();
  holder_ = id;
  const Candidate* const now = holder();
  if (now) prepare_device();
  if (now) say(Severity::Info, now->sink, "holds the input");
  if (before && !now) say(Severity::Info, before->sink, "holds the input no more");
  environment_.publish("input_holder", [&] {
    return json{{"peer", now ? json(now->sink.peer) : json()}, {"name", now ? json(now->sink.name) : json()}};
  });
}

Result<json, std::string> SourceInput::give_to(std::optional<SessionId> id) {
  if (id && !candidates_.contains(*id))
    return fail(std::string("it may not, or cannot, send input; see source.input_from"));
  const std::optional<SessionId> before = holder_;
  by_hand_ = true;
  hold(id);
  if (before && before != id && candidates_.contains(*before)) callbacks_.tell(*before, UibcSetting::Disable);
  if (!id) return json{{"result", "nobody holds the input"}};
  callbacks_.tell(*id, UibcSetting::Enable);
  const Sink& sink = candidates_.at(*id).sink;
  return json{{"peer", sink.peer}, {"name", sink.name}, {"result", "holds the input"}};
}

json SourceInput::status() const {
  const auto found = holder_ ? candidates_.find(*holder_) : candidates_.end();
  return {{"from", config_.source.input_from},
          {"holder", found == candidates_.end() ? json() : json(found->second.sink.name)},
          {"connected", connection_ != nullptr},
          {"events", inputs_},
          {"malformed", receiver_.counters().malformed},
          {"strangers", strangers_},
          {"injected", device_ != nullptr},
          {"note", no_device_}};
}

std::string_view SourceInput::state_of(SessionId id) const {
  if (!candidates_.contains(id)) return "none";
  return holder_ == id ? "holds" : "offered";
}

void SourceInput::listen() {
  if (listeners_) return;
  listeners_.emplace(environment_.loop, interfaces_, config_.source.input_port, config_.rtsp.timeout,
                     [this](platform::Listener::Accepted accepted, int) { accept(std::move(accepted)); });
}

}  // namespace wfdcast::daemon
