#include "daemon/connect_waiters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace wfdcast::daemon {
namespace {

json outcome(const ConnectWaiters::Awaited& sink, const std::string& failure) {
  json result{{"peer", sink.key}, {"name", sink.name}, {"result", failure.empty() ? "playing" : "failed"}};
  if (!failure.empty()) result["reason"] = failure;
  return result;
}

}  // namespace

void ConnectWaiters::add(Call call, std::vector<Awaited> awaited, json results, Time deadline) {
  waiters_.push_back({std::move(call), std::move(awaited), std::move(results), deadline});
  answer_complete();
}

void ConnectWaiters::progress(const std::string& key, std::string_view name, std::string_view state) const {
  for (const Waiter& waiter : waiters_) {
    if (std::any_of(waiter.awaited.begin(), waiter.awaited.end(),
                    [&](const Awaited& a) { return a.key == key; })) {
      waiter.call.progress({{"peer", key}, {"name", name}, {"state", state}});
    }
  }
}

bool ConnectWaiters::settle(const std::string& key, const std::string& name, const std::string& failure) {
  progress(key, name, failure.empty() ? "playing" : "failed");
  bool awaited = false;
  for (Waiter& waiter : waiters_) {
    if (std::erase_if(waiter.awaited, [&](const Awaited& a) { return a.key == key; }) == 0) continue;
    awaited = true;
    waiter.results.push_back(outcome({key, name}, failure));
  }
  answer_complete();
  return awaited;
}

std::vector<std::string> ConnectWaiters::expire(Time now, const Reason& reason) {
  std::vector<std::string> expired;
  for (Waiter& waiter : waiters_) {
    if (now < waiter.deadline) continue;
    for (const Awaited& sink : waiter.awaited) {
      expired.push_back(sink.key);
      waiter.results.push_back(outcome(sink, reason(sink.key)));
    }
    waiter.awaited.clear();
  }
  answer_complete();
  return expired;
}

std::optional<Time> ConnectWaiters::next_deadline() const {
  std::optional<Time> next;
  for (const Waiter& waiter : waiters_) next = earliest(next, waiter.deadline);
  return next;
}

void ConnectWaiters::answer(const Waiter& waiter) {
  std::vector<std::string> failures;
  for (const json& result : waiter.results) {
    if (!result.contains("reason")) continue;
    failures.push_back(result["name"].get<std::string>() + ": " + result["reason"].get<std::string>());
  }
  if (failures.empty()) return waiter.call.reply(waiter.results);
  waiter.call.reply(fail(RpcError{RpcError::kFailed, fmt::format("connect: {}", fmt::join(failures, "; "))}));
}

void ConnectWaiters::answer_complete() {
  for (const Waiter& waiter : waiters_) {
    if (waiter.awaited.empty()) answer(waiter);
  }
  std::erase_if(waiters_, [](const Waiter& waiter) { return waiter.awaited.empty(); });
}

}  // namespace wfdcast::daemon
