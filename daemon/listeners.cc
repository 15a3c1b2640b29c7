#include "daemon/listeners.h"

#include "platform/log.h"

namespace wfdcast::daemon {

using platform::Severity;

Listeners::Listeners(platform::EventLoop& loop, const Interfaces& interfaces, std::uint16_t port,
                     const Duration& dead_after, OnAccept on_accept)
    : loop_(loop),
      interfaces_(interfaces),
      port_(port),
      dead_after_(dead_after),
      on_accept_(std::move(on_accept)) {
  interfaces_changed();
}

void Listeners::interfaces_changed() {
  std::erase_if(by_index_, [&](const auto& entry) { return !interfaces_.by_index(entry.first); });
  problems_.clear();
  for (const UsableInterface& interface : interfaces_.usable()) {
    if (by_index_.contains(interface.index)) continue;
    auto listener = platform::Listener::tcp(
        loop_, port_, interface.name, [this, index = interface.index](platform::Listener::Accepted accepted) {
          on_accept_(std::move(accepted), index);
        });
    const auto done = listener ? (*listener)->prepare(dead_after_) : fail(listener.error());
    if (!done) {
      problems_.push_back(
          fmt::format("cannot listen on TCP {} of {}: {}", port_, interface.name, done.error().message()));
      platform::log(Severity::Error, "rtsp: {}", problems_.back());
      continue;
    }
    platform::log(Severity::Info, "rtsp: listening on {} {}:{}", interface.name, to_string(interface.address),
                  port_);
    by_index_.emplace(interface.index, std::move(*listener));
  }
}

void Listeners::dead_after_changed() {
  for (const auto& [index, listener] : by_index_) (void)listener->prepare(dead_after_);
}

}  // namespace wfdcast::daemon
