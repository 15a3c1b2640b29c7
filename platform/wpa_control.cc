#include "platform/wpa_control.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <wpa_ctrl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "platform/fd.h"

namespace wfdcast::platform {
namespace {

constexpr std::size_t kMaxMessage = 8 * 1024;  // wpa_supplicant's own limit of a reply is 4096 bytes
constexpr Duration kSendAgain = 20ms;

// Whether somebody is behind the socket's path. A command that is under way does not tell: its answer just
// never comes.
bool is_there(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

void WpaControl::Deleter::operator()(wpa_ctrl* connection) const { wpa_ctrl_close(connection); }

WpaControl::WpaControl(EventLoop& loop, Options options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { expire(); }) {
  timer_.set(loop_.now());
}

WpaControl::~WpaControl() = default;

WpaControl::Connection WpaControl::connect(const std::string& path,
                                           void (WpaControl::*on_message)(std::string_view)) {
  Connection connection;
  connection.socket.reset(wpa_ctrl_open2(path.c_str(), options_.own_directory.c_str()));
  if (!connection.socket) return connection;
  const bool of_events = on_message == &WpaControl::event;
  connection.readable = std::make_unique<Watch>(
      loop_, wpa_ctrl_get_fd(connection.socket.get()), Watch::On::Read,
      [this, of_events, on_message] { read(of_events ? events_ : commands_, on_message); });
  return connection;
}

void WpaControl::open() {
  path_ = options_.find_socket();
  if (path_.empty()) return lost("there is no control socket");
  commands_ = connect(path_, &WpaControl::reply);
  events_ = connect(path_, &WpaControl::event);
  if (!commands_.socket || !events_.socket) {
    return lost("cannot connect to " + path_ + ": " + std::system_category().message(errno));
  }
  if (::send(wpa_ctrl_get_fd(events_.socket.get()), "ATTACH", 6, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    return lost("cannot send to " + path_ + ": " + std::system_category().message(errno));
  }
  sent_ = loop_.now();
  timer_.set(*sent_ + std::min(options_.deadline, kPing));
}

void WpaControl::read(const Connection& connection, void (WpaControl::*on_message)(std::string_view)) {
  std::array<char, kMaxMessage> buffer;
  // Not wpa_ctrl_pending(): it uses select(), which aborts beyond descriptor 1023. A callback may close the
  // connection.
  while (connection.socket) {
    std::size_t size = buffer.size();
    if (wpa_ctrl_recv(connection.socket.get(), buffer.data(), &size) < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return lost("the connection broke: " + std::system_category().message(errno));
    }
    (this->*on_message)({buffer.data(), size});
  }
}

// Closes both connections, tells once, and tries again later.
void WpaControl::lost(const std::string& why) {
  // Their watches may be what is calling: they die outside.
  loop_.post([commands = std::make_shared<Connection>(std::move(commands_)),
              events = std::make_shared<Connection>(std::move(events_))] {});
  commands_ = {};
  events_ = {};
  queue_.clear();
  sent_.reset();
  timer_.set(loop_.now() + retry_);
  retry_ = std::min(2 * retry_, kLastRetry);
  const bool tell = std::exchange(up_, false) || !told_down_;
  told_down_ = true;
  if (tell) callbacks_.on_down(why);
}

void WpaControl::event(std::string_view text) {
  if (!up_) {
    if (!text.starts_with("OK")) return lost(path_ + " does not let us attach");
    // A supplicant that starts makes its sockets one after the other: the right one may have come since.
    if (options_.find_socket() != path_) return lost("another socket has come");
    up_ = true;
    sent_.reset();
    retry_ = kFirstRetry;
    timer_.set(loop_.now() + kPing);
    return callbacks_.on_up();
  }
  if (!text.starts_with('<') && !text.starts_with("IFNAME=")) return;
  if (callbacks_.on_event) callbacks_.on_event(text);
  if (up_ && text.find(">CTRL-EVENT-TERMINATING") != std::string_view::npos) lost("wpa_supplicant exits");
}

bool WpaControl::request(std::string command, OnReply on_reply) {
  if (!up_ || queue_.size() >= kMaxQueue) return false;
  queue_.push_back({std::move(command), std::move(on_reply)});
  if (!sent_) send_next();
  return up_;
}

void WpaControl::send_next() {
  if (queue_.empty()) return timer_.set(loop_.now() + kPing);
  const std::string& text = queue_.front().text;
  const auto size =
      ::send(wpa_ctrl_get_fd(commands_.socket.get()), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size < 0 && errno != EAGAIN && errno != EINTR) {
    return lost("wpa_supplicant has gone: " + std::system_category().message(errno));
  }
  if (size < 0) return timer_.set(loop_.now() + kSendAgain);
  sent_ = loop_.now();
  timer_.set(*sent_ + std::min(options_.deadline, kPing));
}

void WpaControl::reply(std::string_view text) {
  // Only what we have asked for; events of another client's level do not come here.
  if (!sent_ || queue_.empty()) return;
  const OnReply on_reply = std::move(queue_.front().on_reply);
  queue_.pop_front();
  sent_.reset();
  if (on_reply) on_reply(text);
  if (up_ && !sent_) send_next();
}

void WpaControl::expire() {
  if (!commands_.socket) return open();
  if (sent_) {
    if (!is_there(path_)) return lost("wpa_supplicant has gone");
    const Time deadline = *sent_ + options_.deadline;
    if (loop_.now() >= deadline) return lost("wpa_supplicant does not answer");
    return timer_.set(std::min(deadline, loop_.now() + kPing));
  }
  if (queue_.empty()) queue_.push_back({"PING", nullptr});
  send_next();
}

}  // namespace wfdcast::platform
