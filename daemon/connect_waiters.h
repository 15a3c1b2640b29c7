#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "daemon/method_table.h"

namespace wfdcast::daemon {

// Callers of `connect` who wait until their sinks play, or hear why not.
class ConnectWaiters {
 public:
  struct Awaited {
    std::string key;   // of the sink: device id, or address
    std::string name;  // for a person
  };
  // `results`: of sinks that need no waiting. Answers at once when nothing is awaited.
  void add(Call call, std::vector<Awaited> awaited, json results, Time deadline);
  [[nodiscard]] bool empty() const { return waiters_.empty(); }
  // The sink has got this far.
  void progress(const std::string& key, std::string_view name, std::string_view state) const;
  // The sink plays (empty `failure`), or will not. True if somebody waited for it.
  bool settle(const std::string& key, const std::string& name, const std::string& failure);
  // Gives up what is overdue; the keys of those sinks.
  using Reason = std::function<std::string(const std::string& key)>;
  std::vector<std::string> expire(Time now, const Reason& reason);
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  struct Waiter {
    Call call;
    std::vector<Awaited> awaited;
    json results;
    Time deadline{};
  };
  static void answer(const Waiter& waiter);
  void answer_complete();

  std::vector<Waiter> waiters_;
};

}  // namespace wfdcast::daemon
