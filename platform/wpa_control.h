#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/event_loop.h"

struct wpa_ctrl;

namespace wfdcast::platform {

// The control socket of a running wpa_supplicant, by libwpa_client: commands one after the other on one
// connection, events on a second one. Nothing blocks. Whoever is not there, dies, or does not answer in time
// is tried again with a back-off, for as long as this object lives.
class WpaControl {
 public:
  static constexpr Duration kPing = 1s;       // of an idle connection: so soon a dead supplicant is noticed
  static constexpr Duration kDeadline = 10s;  // for an answer; wpa_supplicant may be busy with its driver
  static constexpr Duration kFirstRetry = 100ms, kLastRetry = 2s;
  static constexpr std::size_t kMaxQueue = 256;  // commands that wait

  struct Options {
    std::function<std::string()> find_socket;  // its path now; empty: there is none
    std::string own_directory;  // for our ends of the connections; the supplicant must reach it
    Duration deadline = kDeadline;
  };
  struct Callbacks {
    std::function<void()> on_up;
    std::function<void(const std::string& why)> on_down;  // also once at the start, when there is none
    std::function<void(std::string_view line)> on_event;
  };
  using OnReply = std::function<void(std::string_view reply)>;

  WpaControl(EventLoop& loop, Options options, Callbacks callbacks);
  ~WpaControl();
  WpaControl(const WpaControl&) = delete;
  WpaControl& operator=(const WpaControl&) = delete;

  // `on_reply` may be empty. When the connection goes before the answer comes it is never called: on_down is.
  // False: not connected, or too many commands wait.
  bool request(std::string command, OnReply on_reply);
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] bool idle() const { return queue_.empty(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Deleter {
    void operator()(wpa_ctrl* connection) const;
  };
  struct Connection {
    std::unique_ptr<wpa_ctrl, Deleter> socket;
    std::unique_ptr<Watch> readable;
  };
  struct Command {
    std::string text;
    OnReply on_reply;
  };
  [[nodiscard]] Connection connect(const std::string& path, void (WpaControl::*on_message)(std::string_view));
  void read(const Connection& connection, void (WpaControl::*on_message)(std::string_view));
  void open();
  void lost(const std::string& why);
  void reply(std::string_view text);
  void event(std::string_view text);
  void send_next();
  void expire();

  EventLoop& loop_;
  Options options_;
  Callbacks callbacks_;
  std::string path_;
  bool up_ = false, told_down_ = false;
  std::optional<Time> sent_;  // the first of the queue has gone out
  Duration retry_ = kFirstRetry;
  std::deque<Command> queue_;
  Connection commands_, events_;
  Timer timer_;
};

}  // namespace wfdcast::platform
