#include "daemon/sink_input.h"

#include "daemon/access.h"
#include "daemon/input_values.h"
#include "platform/log.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;

namespace {

constexpr Duration kConnectTimeout = 3s;
constexpr Duration kRetry = 1s;
constexpr Duration kAskAgain = 1s;
constexpr Duration kGrace = 500ms;  // for what lets go of everything to arrive

// Outputs that can tell what is done with their picture.
bool shows_a_window(const Config& config) {
  return config.sink.output.starts_with("display:") || config.sink.output.starts_with("exec:");
}

bool presses(const Input& input) {
  if (const auto* key = std::get_if<KeyInput>(&input)) return key->press == Press::Down;
  if (const auto* button = std::get_if<ButtonInput>(&input)) return button->press == Press::Down;
  const auto* pointer = std::get_if<PointerInput>(&input);
  return pointer != nullptr && pointer->action == PointerInput::Action::Down;
}

}  // namespace

SinkInput::SinkInput(const Environment& environment, std::function<void()> ask)
    : environment_(environment),
      loop_(environment.loop),
      ask_(std::move(ask)),
      retry_(loop_, [this] { connect(); }) {}

UibcCapability SinkInput::capability() const {
  UibcCapability able = all_input();
  if (!environment_.config.sink.input_devices.empty()) return able;
  if (!shows_a_window(environment_.config)) return {};
  able.generic_inputs =
      static_cast<std::uint8_t>(UibcInput::Keyboard) | static_cast<std::uint8_t>(UibcInput::Mouse);
  return able;
}

void SinkInput::offered(const rtsp::InputOffered& offer, Source source) {
  offer_ = offer;
  source_ = std::move(source);
  if (offer_.setting == UibcSetting::Enable) return connect();
  close("the source has disabled it");
}

void SinkInput::set_picture(const PictureSize& picture) {
  picture_ = picture;
  for (const auto& device : devices_) device->set_picture(picture);
}

void SinkInput::take(const Input& input) {
  if (connection_) {
    const std::string bytes = sender_->send(input);
    if (bytes.empty()) return;
    ++sent_;
    return connection_->write(bytes);
  }
  const bool waiting = offer_.agreed.supported && offer_.setting == UibcSetting::Disable;
  if (!waiting || !presses(input) || loop_.now() < asked_ + kAskAgain) return;
  asked_ = loop_.now();
  ask_();
}

void SinkInput::end() {
  offer_ = {};
  close("the session is over");
}

json SinkInput::status() const {
  return {{"offered", offer_.agreed.supported},
          {"enabled", offer_.setting == UibcSetting::Enable},
          {"connected", connection_ != nullptr},
          {"events", sent_},
          {"devices", devices_.size()}};
}

void SinkInput::connect() {
  if (offer_.setting == UibcSetting::Disable || connection_ || connector_ || dialer_) return;
  const Endpoint target{source_.address, *offer_.agreed.port};
  if (source_.key) {
    dialer_ = std::make_unique<TlsDialer>(
        loop_, *environment_.tls,
        TlsDialer::Target{target, source_.interface, std::string(kInputProtocol), *source_.key,
                          environment_.config.rtsp.timeout},
        kConnectTimeout, [this](Result<std::unique_ptr<platform::TlsConnection>, std::string> done) {
          loop_.post([gone = std::shared_ptr<TlsDialer>(std::move(dialer_))] {});
          done ? connected(std::move(*done)) : failed(done.error());
        });
    return;
  }
  connector_ = std::make_unique<platform::Connector>(
      loop_, target, source_.interface, kConnectTimeout, [this](Result<platform::Fd> fd) {
        loop_.post([gone = std::shared_ptr<platform::Connector>(std::move(connector_))] {});
        if (!fd) return failed(fd.error().message());
        (void)platform::prepare_tcp(fd->get(), environment_.config.rtsp.timeout);
        connected(std::make_unique<platform::StreamConnection>(loop_, std::move(*fd),
                                                               platform::Connection::Callbacks{}));
      });
}

// The source may be slow, or have another connection of ours still.
void SinkInput::failed(const std::string& why) {
  log(Severity::Debug, "input: {}", why);
  if (offer_.setting == UibcSetting::Enable) retry_.set(loop_.now() + kRetry);
}

void SinkInput::connected(std::unique_ptr<platform::Connection> connection) {
  if (offer_.setting == UibcSetting::Disable)
    return loop_.post([gone = std::shared_ptr<platform::Connection>(std::move(connection))] {});
  connection_ = std::move(connection);
  connection_->set_callbacks({.on_bytes = [](std::string_view) {},
                              .on_closed =
                                  [this, own = connection_.get()](const std::string& reason) {
                                    if (own != connection_.get()) return;  // it was closed by us
                                    close(reason);
                                    failed(reason);
                                  }});
  sender_.emplace(offer_.agreed, picture_);
  connection_->write(sender_->start());
  open_devices();
  if (const auto end = lines_.take(source_.address, loop_.now()))
    log(Severity::Info, "input: connected, {} devices{}", devices_.size(), *end);
}

void SinkInput::open_devices() {
  for (const std::string& path : environment_.config.sink.input_devices) {
    auto device = platform::InputDevice::open(
        loop_, path, [this](const Input& input) { take(input); },
        [path] { log(Severity::Notice, "input: {} is gone", path); });
    if (!device) {
      log(Severity::Warning, "sink.input_devices: {}: {}", path, device.error().message());
      continue;
    }
    (*device)->set_picture(picture_);
    devices_.push_back(std::move(*device));
  }
}

// Neither connection nor devices die inside their own callbacks.
void SinkInput::close(const std::string& why) {
  retry_.set(std::nullopt);
  loop_.post([dialer = std::shared_ptr<TlsDialer>(std::move(dialer_)),
              connector = std::shared_ptr<platform::Connector>(std::move(connector_)),
              devices = std::make_shared<decltype(devices_)>(std::move(devices_))] {});
  devices_.clear();
  if (!connection_) return;
  if (const auto end = lines_.take(source_.address, loop_.now()))
    log(Severity::Info, "input: closed, {}{}", why, *end);
  if (const std::string bytes = sender_->release(); !bytes.empty()) connection_->write(bytes);
  sender_.reset();
  closing_ = std::move(connection_);
  closing_->finish(kGrace);
}

}  // namespace wfdcast::daemon
