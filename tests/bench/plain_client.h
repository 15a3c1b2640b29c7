#pragma once

#include <optional>
#include <string>
#include <variant>

#include "rtsp/message.h"
#include "rtsp/session.h"

namespace wfdcast::bench {

struct Playing {};
using PlainEvent = std::variant<Playing, rtsp::SessionEnded>;
struct PlainOptions {};

// An ordinary RTSP client (OPTIONS, DESCRIBE, SETUP for multicast, PLAY) in the
// shape of our sessions, for servers that do not speak Wi-Fi Display.
class PlainClient {
 public:
  using Event = PlainEvent;
  using Out = rtsp::Step<PlainEvent>;

  explicit PlainClient(PlainOptions) {}
  Out start(Time) { return ask(); }
  Out receive(std::string_view bytes, Time) {
    while (!bytes.empty()) {
      bytes.remove_prefix(reader_.push(bytes));
      const auto message = reader_.next();
      if (!message) return ended("not RTSP");
      if (!*message) continue;
      const auto* response = std::get_if<rtsp::Response>(&**message);
      if (response == nullptr) continue;
      if (response->status != rtsp::Status::Ok) return ended(to_string(response->status));
      if (const auto session = find(response->headers, "Session"))
        session_ = session->substr(0, session->find(';'));
      if (asked_ == 4) return {.to_peer = {}, .events = {Playing{}}};
      return ask();
    }
    return {};
  }
  Out tick(Time) { return {}; }
  Out connection_lost(Time) { return ended("closed"); }
  [[nodiscard]] std::optional<Time> next_deadline() const { return std::nullopt; }

 private:
  static Out ended(std::string why) {
    return {.to_peer = {}, .events = {rtsp::SessionEnded{rtsp::EndReason::ConnectionLost, std::move(why)}}};
  }
  Out ask() {
    const std::string url = "rtsp://source/wfd1.0/streamid=0";
    rtsp::Request request{.uri = url};
    switch (asked_++) {
      case 0:
        break;
      case 1:
        request.method = rtsp::Method::Describe;
        break;
      case 2:
        request.method = rtsp::Method::Setup;
        request.uri += "/stream=0";
        request.headers.push_back({"Transport", "RTP/AVP;multicast"});
        break;
      default:
        request.method = rtsp::Method::Play;
    }
    request.cseq = static_cast<std::uint32_t>(asked_);
    if (!session_.empty()) request.headers.push_back({"Session", session_});
    return {.to_peer = serialize(request), .events = {}};
  }

  rtsp::MessageReader reader_;
  int asked_ = 0;
  std::string session_;
};

}  // namespace wfdcast::bench
