#include "daemon/source_pairing.h"

namespace wfdcast::daemon {

namespace {

constexpr Duration kWindow = 120s;
constexpr Duration kRepeat = 1s;

}  // namespace

SourcePairing::SourcePairing(platform::EventLoop& loop, const Config& config, Trust& trust,
                             PairingDesk::Callbacks::Publish publish, Invite invite)
    : loop_(loop),
      invite_(std::move(invite)),
      desk_(
          loop, config, trust, security::Pairing::Role::Source,
          {.publish = std::move(publish), .on_paired = [](const security::TrustEntry&, const Endpoint&) {}}),
      timer_(loop, [this] { this->invite(); }) {}

void SourcePairing::begin(Call& call, const DeviceId& sink, std::string name) {
  sink_ = sink;
  name_ = std::move(name);
  desk_.open(call, kWindow, sink);
  invite();
}

void SourcePairing::invite() {
  if (!desk_.is_open()) return timer_.set(std::nullopt);
  timer_.set(loop_.now() + kRepeat);
  if (!desk_.busy()) invite_(sink_);
}

std::optional<Result<json, RpcError>> SourcePairing::answer(const json& params) {
  if (params.contains("confirm")) return desk_.confirm(params["confirm"].get<std::string>());
  if (params.value("refuse", false)) return desk_.refuse();
  return std::nullopt;
}

}  // namespace wfdcast::daemon
