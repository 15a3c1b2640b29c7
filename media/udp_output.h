#pragma once

#include <memory>
#include <string>

#include "base/endpoint.h"
#include "media/ts_output.h"
#include "platform/udp_socket.h"

namespace wfdcast::media {

// udp: raw MPEG-TS, at most 7 packets a datagram.
class UdpOutput : public TsOutput {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TsOutput>, std::string> open(platform::EventLoop& loop,
                                                                           Endpoint target);
  UdpOutput(std::unique_ptr<platform::UdpSocket> socket, Endpoint target)
      : socket_(std::move(socket)), target_(target) {}

  void write(ByteView ts) override;
  [[nodiscard]] std::uint64_t dropped_bytes() const override { return dropped_; }

 private:
  std::unique_ptr<platform::UdpSocket> socket_;
  Endpoint target_;
  std::uint64_t dropped_ = 0;
};

}  // namespace wfdcast::media
