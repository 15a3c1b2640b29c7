// The connection by which the input of the sink comes that holds it.
#include "daemon/access.h"
#include "daemon/input_values.h"
#include "daemon/source_input.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using platform::TlsConnection;

// Only the holder, from the address of its session, and once; in paired mode its key is asked for as well.
void SourceInput::accept(platform::Listener::Accepted accepted) {
  const Candidate* const candidate = holder();
  if (!candidate || candidate->sink.address != accepted.peer.address || connection_ || handshake_) {
    return refused(accepted.peer, "may not connect");
  }
  if (candidate->sink.key) return accept_secured(std::move(accepted), *candidate->sink.key);
  begin(std::make_unique<platform::StreamConnection>(environment_.loop, std::move(accepted.fd),
                                                     platform::Connection::Callbacks{}));
}

void SourceInput::accept_secured(platform::Listener::Accepted accepted, const PublicKey& key) {
  TlsConnection::Options options{
      .role = TlsConnection::Role::Server,
      .protocols = {std::string(kInputProtocol)},
      .accepts = [key](std::string_view, const TlsConnection::Key& theirs) { return theirs == key.bytes; },
      .on_secured = [this] { begin(std::move(handshake_)); },
      .handshake_timeout = config_.rtsp.handshake_timeout};
  handshake_ = std::make_unique<TlsConnection>(
      environment_.loop, std::move(accepted.fd), *environment_.tls, std::move(options),
      platform::Connection::Callbacks{.on_bytes = [](std::string_view) {},
                                      .on_closed =
                                          [this, peer = accepted.peer](const std::string& reason) {
                                            if (!handshake_) return;
                                            refused(peer, reason);
                                            drop(std::move(handshake_));
                                          }});
}

void SourceInput::refused(const Endpoint& peer, std::string_view why) {
  ++strangers_;
  if (const auto end = refusal_lines_.take(peer.address, environment_.loop.now()))
    log(Severity::Notice, "input: {} {}{}", to_string(peer), why, *end);
}

void SourceInput::begin(std::unique_ptr<platform::Connection> connection) {
  connection_ = std::move(connection);
  connection_->set_callbacks({.on_bytes = [this](std::string_view bytes) { receive(bytes); },
                              .on_closed = [this](const std::string& reason) { close(reason); }});
  const Sink& sink = holder()->sink;
  say(Severity::Info, sink, "its input is connected");
  environment_.publish("input_connected", [&] { return json{{"peer", sink.peer}, {"name", sink.name}}; });
}

void SourceInput::receive(std::string_view bytes) {
  if (!connection_) return;  // closed, and not gone yet
  const auto inputs = receiver_.receive(as_bytes(bytes));
  if (!inputs) return close("not UIBC");
  carry_out(*inputs);
}

// Nothing stays pressed.
void SourceInput::close(std::string_view why) {
  if (handshake_) drop(std::move(handshake_));
  if (!connection_) return;
  if (const Candidate* const who = holder())
    say(Severity::Info, who->sink, fmt::format("its input is closed, {}", why));
  carry_out(receiver_.release());
  receiver_ = {};
  drop(std::move(connection_));
  environment_.publish("input_closed", [&] { return json{{"reason", why}}; });
}

// Not from inside its own callback.
void SourceInput::drop(std::unique_ptr<platform::Connection> connection) {
  environment_.loop.post([gone = std::shared_ptr<platform::Connection>(std::move(connection))] {});
}

void SourceInput::carry_out(const std::vector<Input>& inputs) {
  const Candidate* const candidate = holder();
  for (const Input& input : inputs) {
    ++inputs_;
    if (device_) device_->emit(input);
    environment_.publish("input", [&] {
      json event = to_json(input);
      event["peer"] = candidate ? candidate->sink.peer : "";
      event["name"] = candidate ? candidate->sink.name : "";
      return event;
    });
  }
}

void SourceInput::prepare_device() {
  if (!device_) {
    auto device = platform::VirtualInput::open();
    no_device_ = device ? "" : fmt::format("/dev/uinput: {}: seen by monitor only", device.error().message());
    if (device) device_ = std::move(*device);
    if (!device_) log(Severity::Warning, "input: {}", no_device_);
  }
  if (!device_) return;
  const Candidate& candidate = *holder();
  constexpr auto kTouch =
      static_cast<unsigned>(UibcInput::SingleTouch) | static_cast<unsigned>(UibcInput::MultiTouch);
  const bool touches = candidate.agreed.generic && (candidate.agreed.generic_inputs & kTouch) != 0;
  using Pointing = platform::VirtualInput::Pointing;
  device_->set_pointing(touches ? Pointing::Touch : Pointing::Mouse);
  device_->set_picture(candidate.sink.picture);
}

}  // namespace wfdcast::daemon
