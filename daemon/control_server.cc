#include "daemon/control_server.h"

#include <algorithm>
#include <system_error>

#include "platform/log.h"
#include "platform/privileges.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::Severity;

ControlServer::ControlServer(platform::EventLoop& loop, const std::string& path, const MethodTable& methods)
    : loop_(loop), path_(path), methods_(methods) {
  const auto on_accept = [this](platform::Listener::Accepted accepted) { accept(std::move(accepted)); };
  if (platform::Fd activated = platform::take_systemd_socket()) {  // wfdd@.socket
    listener_ = platform::Listener::adopt(loop, std::move(activated), on_accept);
    return;
  }
  auto listener = platform::Listener::local(loop, path, "wfdcast", on_accept);
  if (!listener) throw std::system_error(listener.error(), "control.socket: " + path);
  listener_ = std::move(*listener);
}

ControlServer::~ControlServer() { *self_ = nullptr; }

void ControlServer::accept(platform::Listener::Accepted accepted) {
  if (clients_.size() >= kMaxClients) {
    platform::log(Severity::Warning, "control: more than {} clients, refusing one", kMaxClients);
    return;
  }
  if (!platform::may_control(accepted.fd.get(), path_)) {
    platform::log(Severity::Warning, "control: refusing a process of another user");
    return;
  }
  const ClientId id = next_id_++;
  clients_[id].connection = std::make_unique<platform::StreamConnection>(
      loop_, std::move(accepted.fd),
      platform::StreamConnection::Callbacks{
          .on_bytes = [this, id](std::string_view bytes) { receive(id, bytes); },
          .on_closed = [this, id](const std::string&) { loop_.post([this, id] { forget(id); }); }});
}

void ControlServer::receive(ClientId id, std::string_view bytes) {
  while (!bytes.empty()) {
    Client& client = clients_.at(id);
    const std::size_t end = bytes.find('\n');
    client.line += bytes.substr(0, end);
    if (client.line.size() > kMaxLine) {
      platform::log(Severity::Warning, "control: a line of more than {} bytes, closing", kMaxLine);
      loop_.post([this, id] { forget(id); });
      return;
    }
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(client.line, {});
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    methods_.handle(line, {.send =
                               [self = self_, id](const std::string& answer) {
                                 if (*self) (*self)->send(id, answer);
                               },
                           .subscribe =
                               [self = self_, id] {
                                 if (*self && (*self)->clients_.contains(id))
                                   (*self)->clients_[id].subscribed = true;
                               }});
  }
}

void ControlServer::send(ClientId id, const std::string& line) {
  const auto client = clients_.find(id);
  if (client != clients_.end()) client->second.connection->write(line + '\n');
}

bool ControlServer::has_subscribers() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const auto& entry) { return entry.second.subscribed; });
}

void ControlServer::publish(std::string_view event, const json& params) {
  std::string line;
  for (auto& [id, client] : clients_) {
    if (!client.subscribed) continue;
    if (line.empty()) line = notification(event, params);
    send(id, line);
  }
}

void ControlServer::forget(ClientId id) { clients_.erase(id); }

}  // namespace wfdcast::daemon
