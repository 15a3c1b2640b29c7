#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/letterbox.h"
#include "daemon/environment.h"
#include "daemon/line_quota.h"
#include "daemon/tls_dialer.h"
#include "platform/input_device.h"
#include "platform/stream_connection.h"
#include "rtsp/sink_session.h"
#include "rtsp/uibc_sender.h"

namespace wfdcast::daemon {

// Touch, mouse and keys of a sink (UIBC): from the window that shows the picture
// and from sink.input_devices, to the source that takes them.
class SinkInput {
 public:
  // Where the source is, and who it must be.
  struct Source {
    Ipv4Address address;
    std::string interface;
    std::optional<PublicKey> key{};  // then inside TLS
  };
  // `ask`: somebody has pressed something, and the source has not enabled it.
  SinkInput(const Environment& environment, std::function<void()> ask);

  // What this sink can send: what a window, and what devices can.
  [[nodiscard]] UibcCapability capability() const;
  void offered(const rtsp::InputOffered& offer, Source source);
  void set_picture(const PictureSize& picture);
  void take(const Input& input);
  void end();  // of the session
  [[nodiscard]] json status() const;

 private:
  void connect();
  void connected(std::unique_ptr<platform::Connection> connection);
  void failed(const std::string& why);
  void open_devices();
  void close(const std::string& why);

  const Environment& environment_;
  platform::EventLoop& loop_;
  std::function<void()> ask_;
  rtsp::InputOffered offer_;
  Source source_;
  PictureSize picture_{1280, 720};
  Time asked_{};
  std::unique_ptr<platform::Connector> connector_;
  std::unique_ptr<TlsDialer> dialer_;
  std::unique_ptr<platform::Connection> connection_, closing_;
  std::optional<rtsp::UibcSender> sender_;
  std::vector<std::unique_ptr<platform::InputDevice>> devices_;
  std::uint64_t sent_ = 0;
  LineQuota lines_{20};  // what a source can bring about as often as it likes
  platform::Timer retry_;
};

}  // namespace wfdcast::daemon
