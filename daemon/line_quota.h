#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/endpoint.h"
#include "base/time.h"

namespace wfdcast::daemon {

// Lines of the log that strangers cause: so many of each address in an interval, of a bounded number of
// addresses. What is kept back is counted, and told with the next line that is due.
class LineQuota {
 public:
  static constexpr Duration kInterval = 60s;
  static constexpr std::size_t kMaxAddresses = 256;  // in an interval
  explicit LineQuota(int lines) : lines_(lines) {}

  // What the line about this address ends in; none when it is kept back.
  [[nodiscard]] std::optional<std::string> take(Ipv4Address address, Time now);

 private:
  struct Address {
    Time since{};
    int said = 0;
  };
  [[nodiscard]] bool may_say(Ipv4Address address, Time now);

  int lines_;
  std::map<Ipv4Address, Address> addresses_;  // ordered: strangers choose the keys
  std::uint64_t kept_back_ = 0;               // since the last line, of all addresses
};

}  // namespace wfdcast::daemon
