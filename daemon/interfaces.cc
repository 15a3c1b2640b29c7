#include "daemon/interfaces.h"

#include <algorithm>
#include <system_error>

namespace wfdcast::daemon {
namespace {

template <class Predicate>
const UsableInterface* find_where(const std::vector<UsableInterface>& interfaces, Predicate predicate) {
  const auto found = std::find_if(interfaces.begin(), interfaces.end(), predicate);
  return found == interfaces.end() ? nullptr : &*found;
}

}  // namespace

Interfaces::Interfaces(platform::EventLoop& loop, std::vector<std::string> names,
                       std::function<void()> on_change)
    : names_(std::move(names)), on_change_(std::move(on_change)) {
  auto monitor = platform::InterfaceMonitor::open(loop, [this] { refresh_and_tell(); });
  if (!monitor) throw std::system_error(monitor.error(), "rtnetlink");
  monitor_ = std::move(*monitor);
  refresh();
}

void Interfaces::refresh() {
  usable_.clear();
  for (const auto* names : {&names_, &groups_}) {
    for (const std::string& name : *names) {
      const auto found = monitor_->find(name);
      if (!found || !found->up || found->addresses.empty() || by_name(name)) continue;
      const auto& primary = found->addresses.front();
      usable_.push_back({found->index, name, primary.address, primary.broadcast});
    }
  }
}

void Interfaces::refresh_and_tell() {
  const auto before = usable_;
  refresh();
  if (usable_ != before) on_change_();
}

void Interfaces::follow(const std::string& name) {
  if (std::find(groups_.begin(), groups_.end(), name) == groups_.end()) groups_.push_back(name);
  refresh_and_tell();
}

void Interfaces::unfollow(const std::string& name) {
  std::erase(groups_, name);
  refresh_and_tell();
}

const UsableInterface* Interfaces::by_index(int index) const {
  return find_where(usable_, [&](const UsableInterface& i) { return i.index == index; });
}

const UsableInterface* Interfaces::by_name(const std::string& name) const {
  return find_where(usable_, [&](const UsableInterface& i) { return i.name == name; });
}

const UsableInterface* Interfaces::by_address(Ipv4Address address) const {
  return find_where(usable_, [&](const UsableInterface& i) { return i.address == address; });
}

std::vector<std::string> Interfaces::problems() const {
  std::vector<std::string> problems;
  for (const std::string& name : names_) {
    const auto found = monitor_->find(name);
    if (!found) {
      problems.push_back(name + ": no such interface");
    } else if (!found->up) {
      problems.push_back(name + ": down, or no carrier");
    } else if (found->addresses.empty()) {
      problems.push_back(name + ": no address");
    }
  }
  return problems;
}

}  // namespace wfdcast::daemon
