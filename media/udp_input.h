#pragma once

#include <memory>
#include <string>

#include "base/endpoint.h"
#include "media/ts_input.h"
#include "platform/udp_socket.h"

namespace wfdcast::media {

// The TS packets in a datagram: raw MPEG-TS, or RTP (RFC 3550) whose payload is
// MPEG-TS (RFC 2250). Empty for anything else.
[[nodiscard]] ByteView ts_in_datagram(ByteView datagram);

// udp: a socket bound to the address; a group is joined on the default interface.
class UdpInput : public TsInput {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TsInput>, std::string> open(platform::EventLoop& loop,
                                                                          Endpoint endpoint,
                                                                          Callbacks callbacks);
  explicit UdpInput(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  void start(const EncoderSettings&) override { started_ = true; }
  void stop() override { started_ = false; }
  [[nodiscard]] bool is_live() const override { return true; }

 private:
  void on_datagrams(std::span<const platform::UdpSocket::Datagram> datagrams);

  Callbacks callbacks_;
  bool started_ = false;
  bool complained_ = false;  // about datagrams without MPEG-TS
  std::unique_ptr<platform::UdpSocket> socket_;
};

}  // namespace wfdcast::media
