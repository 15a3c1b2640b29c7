#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "daemon/config.h"
#include "daemon/interfaces.h"
#include "platform/igmp_socket.h"
#include "stream/igmp_querier.h"

namespace wfdcast::daemon {

// Asks for the memberships on the networks of a source, as stream.igmp_querier says; never behind somebody
// else's access point, where all multicast would go over the air then.
class GroupQuerier {
 public:
  GroupQuerier(platform::EventLoop& loop, const decltype(Config::stream)& config);
  void interfaces_changed(const std::vector<UsableInterface>& usable);

 private:
  struct Network {
    Network(platform::EventLoop& loop, const UsableInterface& on, const stream::IgmpQuerier::Options& options,
            std::function<void()> on_expiry)
        : interface(on), querier(options, loop.now()), timer(loop, std::move(on_expiry)) {}
    UsableInterface interface;
    stream::IgmpQuerier querier;
    std::unique_ptr<platform::IgmpSocket> socket;
    platform::Timer timer;
  };
  void add(const UsableInterface& interface);
  void heard(Network& network, ByteView packet);
  void ask(Network& network);

  platform::EventLoop& loop_;
  const decltype(Config::stream)& config_;
  std::map<int, std::unique_ptr<Network>> networks_;  // by the index of their interface
};

}  // namespace wfdcast::daemon
