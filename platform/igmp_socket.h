#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "platform/event_loop.h"

namespace wfdcast::platform {

// Sends IGMP messages out of one interface, and hears those that come in there: TTL 1, Router Alert (RFC
// 2113). Needs CAP_NET_RAW.
class IgmpSocket {
 public:
  // A whole IPv4 packet.
  using OnPacket = std::function<void(ByteView)>;
  // Without a callback nothing is received.
  [[nodiscard]] static Result<std::unique_ptr<IgmpSocket>> open(EventLoop& loop, const std::string& interface,
                                                                int interface_index, OnPacket on_packet);
  ~IgmpSocket();
  IgmpSocket(const IgmpSocket&) = delete;
  IgmpSocket& operator=(const IgmpSocket&) = delete;

  [[nodiscard]] Result<void> send(Ipv4Address target, ByteView message);

 private:
  struct Impl;
  explicit IgmpSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The IGMP version that the kernel speaks on an interface: 1 to 3, that of the querier it heard. 3 where it
// is not known.
[[nodiscard]] int igmp_version(const std::string& interface);

}  // namespace wfdcast::platform
