#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "platform/event_loop.h"
#include "platform/stream_connection.h"
#include "rtsp/session.h"

namespace wfdcast::daemon {

// Joins an RTSP session, which has no I/O, to its connection (TCP or TLS) and timer.
// Session is rtsp::SourceSession or rtsp::SinkSession. The owner hears
// SessionEnded and posts the driver's destruction, which closes the connection.
template <class Session>
class SessionDriver {
 public:
  using Event = typename Session::Event;
  using OnEvent = std::function<void(const Event&)>;

  template <class Options>
  SessionDriver(platform::EventLoop& loop, std::unique_ptr<platform::Connection> connection, Options options,
                OnEvent on_event)
      : loop_(loop),
        on_event_(std::move(on_event)),
        session_(std::move(options)),
        timer_(loop, [this] { apply(&Session::tick); }),
        connection_(std::move(connection)) {
    connection_->set_callbacks(
        {.on_bytes = [this](std::string_view bytes) { apply(&Session::receive, bytes); },
         .on_closed = [this](const std::string&) { apply(&Session::connection_lost); }});
  }

  void start() { apply(&Session::start); }

  // Makes one call on the session and carries out the Step that it returns.
  template <class Call, class... Args>
  void apply(Call call, Args&&... args) {
    const auto step = std::invoke(call, session_, std::forward<Args>(args)..., loop_.now());
    if (!step.to_peer.empty()) connection_->write(step.to_peer);
    timer_.set(session_.next_deadline());
    for (const auto& event : step.events) on_event_(event);
    watch_drain();
  }

  void heard() { session_.heard(loop_.now()); }
  [[nodiscard]] const Session& session() const { return session_; }
  [[nodiscard]] Endpoint peer() const { return connection_->peer(); }
  [[nodiscard]] Endpoint local() const { return connection_->local(); }

 private:
  // The source's M3 waits until its last bytes have left this host.
  void watch_drain() {
    if constexpr (requires { session_.wants_written(); }) {
      if (!session_.wants_written()) {
        if (drain_) drain_->set(std::nullopt);
        return;
      }
      if (connection_->unsent() == 0) return apply(&Session::written);
      if (!drain_) drain_.emplace(loop_, [this] { watch_drain(); });
      drain_->set(loop_.now() + 2ms);
    }
  }

  platform::EventLoop& loop_;
  OnEvent on_event_;
  Session session_;
  platform::Timer timer_;
  std::optional<platform::Timer> drain_;  // few sessions need it
  std::unique_ptr<platform::Connection> connection_;
};

}  // namespace wfdcast::daemon
