#include "tools/control_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "platform/local_client.h"

namespace wfdcast::tools {

ControlClient::ControlClient(const std::string& path) {
  auto fd = platform::connect_local(path);
  if (!fd) throw NoDaemon(fmt::format("no wfdd at {}: {}", path, fd.error().message()));
  fd_ = std::move(*fd);
}

std::optional<json> ControlClient::next() {
  while (true) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      const std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return json::parse(line, nullptr, /*allow_exceptions=*/false);
    }
    char bytes[16 * 1024];
    const auto count = ::read(fd_.get(), bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    buffer_.append(bytes, static_cast<std::size_t>(count));
  }
}

json ControlClient::call(const std::string& method, const json& params,
                         const OnNotification& on_notification) {
  const std::string line =
      json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}}.dump() + '\n';
  if (!platform::send_all(fd_, line)) throw NoDaemon("wfdd closed the connection");
  while (const auto message = next()) {
    if (message->contains("method")) {
      on_notification((*message)["method"].get<std::string>(), message->value("params", json::object()));
    } else if (message->contains("error")) {
      throw Refused((*message)["error"].value("message", "refused"));
    } else if (message->contains("result")) {
      return (*message)["result"];
    }
  }
  throw NoDaemon("wfdd closed the connection");
}

void ControlClient::listen(const OnNotification& on_notification) {
  while (const auto message = next()) {
    if (message->contains("method")) {
      on_notification((*message)["method"].get<std::string>(), message->value("params", json::object()));
    }
  }
}

}  // namespace wfdcast::tools
