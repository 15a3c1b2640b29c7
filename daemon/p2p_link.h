#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/environment.h"
#include "daemon/interfaces.h"
#include "daemon/method_table.h"
#include "discovery/p2p_device.h"
#include "platform/child.h"
#include "platform/wpa_control.h"

namespace wfdcast::daemon {

// Wi-Fi Direct for a daemon of either role: joins discovery::P2pDevice to wpa_supplicant, follows the
// interface of a group, sees to its addresses, and answers the methods `p2p_*`, `accept` and `reject`.
class P2pLink {
 public:
  using OnEvent = std::function<void(const discovery::LinkEvent&)>;

  // Nothing happens where wifi.control is empty or wifi.p2p is off.
  P2pLink(Environment& environment, Interfaces& interfaces, OnEvent on_event);
  ~P2pLink();
  void bind(MethodTable& methods);

  // The way to a peer, by a person's wish. The outcome is an event.
  void connect(const MacAddress& device, const discovery::command::Method& method);
  void set_available(bool is_available);
  void set_streaming(bool is_streaming);
  // Removes our groups and leaves the supplicant as it was; `done` soon in any case.
  void shut_down(std::function<void()> done);

  [[nodiscard]] const discovery::P2pDevice& device() const { return device_; }
  // The member of our group that has this address, by its MAC; nullopt for anyone else.
  [[nodiscard]] std::optional<MacAddress> member_at(Ipv4Address address, const std::string& interface) const;
  // Where a member of our group is; none: it has no address yet.
  [[nodiscard]] Ipv4Address address_of(const MacAddress& device) const;
  [[nodiscard]] json status() const;
  [[nodiscard]] std::string problem() const;
  // Rows of `peers` for WFD devices, but for the boards in `known`.
  [[nodiscard]] json peer_rows(const std::vector<DeviceId>& known) const;
  [[nodiscard]] bool shows(const DeviceId& board) const;

 private:
  struct Waiter {
    MacAddress device;
    Call call;
  };
  template <class Method, class... Args>
  void apply(Method method, Args&&... args) {
    carry_out(std::invoke(method, device_, std::forward<Args>(args)...));
  }
  void carry_out(const discovery::P2pDevice::Step& step);
  void send(const discovery::ControlRequest& request);
  void supplicant_up();
  void attach();
  void supplicant_down(const std::string& why);
  void on_line(std::string_view line);
  void on_event(const discovery::LinkEvent& event);
  void group_up(const discovery::P2pGroup& group);
  void group_down(const discovery::LinkDown& down);
  void publish(std::string_view event, const MacAddress& device, json more = json::object());
  void settle(const MacAddress& device, const std::string& failure);
  void check_shut_down();

  [[nodiscard]] json group_row() const;
  [[nodiscard]] Result<MacAddress, RpcError> find_peer(const json& params, std::string_view method,
                                                       const std::vector<MacAddress>& among) const;
  [[nodiscard]] std::vector<MacAddress> everybody() const;
  void connect_method(Call& call);
  [[nodiscard]] Result<json, RpcError> answer_request(const json& params, std::string_view method);
  [[nodiscard]] Result<json, RpcError> group_method(const json& params);
  [[nodiscard]] std::optional<RpcError> unusable(std::string_view method) const;

  Environment& environment_;
  platform::EventLoop& loop_;
  Interfaces& interfaces_;
  OnEvent on_event_;
  std::string prefix_;  // "IFNAME=p2p-dev-wlan0 " on a global socket
  std::string version_, problem_;
  std::vector<std::string> missing_;
  std::vector<Waiter> waiters_;
  std::function<void()> shut_down_done_;
  Time shut_down_deadline_{};
  platform::Timer timer_, shut_down_timer_;
  discovery::P2pDevice device_;
  std::unique_ptr<platform::Child> address_command_;
  std::unique_ptr<platform::WpaControl> group_control_;  // of the group's interface, without a global socket
  std::unique_ptr<platform::WpaControl> control_;
};

}  // namespace wfdcast::daemon
