#pragma once

#include <algorithm>
#include <map>

#include "base/endpoint.h"
#include "base/time.h"
#include "discovery/token_bucket.h"
#include "wfd/ids.h"

namespace wfdcast::discovery {

// Costly checks that anybody can ask for (a signature, a handshake): so many a second, in all and of one
// address. Who has many addresses must not keep others waiting:
// - an address at which one of our boards proved itself is its home; a board has one home. The homes do not
//   wait for what others use up: a half of all is kept for them;
// - any other address at which a check failed waits for `penalty`, so that those that wait share the rest.
class CheckBudget {
 public:
  struct Limits {
    double in_all = 1, burst = 1;  // a second, and at once
    double of_address = 1;         // a second, and at once
    Duration penalty{};
  };
  explicit CheckBudget(const Limits& limits)
      : limits_(limits), all_(limits.in_all, std::max(limits.in_all, limits.burst)) {}

  [[nodiscard]] bool take(Ipv4Address address, Time now) {
    auto share = shares_.find(address);
    if (share != shares_.end() && (now < share->second.barred || !share->second.tokens.take(now)))
      return false;
    const bool home = share != shares_.end() && share->second.boards > 0;
    if (!all_.take(now, home ? 0 : static_cast<int>(limits_.in_all / 2))) return false;
    if (share == shares_.end()) {
      forget(now);
      share = shares_.try_emplace(address, limits_.of_address).first;
      (void)share->second.tokens.take(now);
    }
    share->second.used = now;
    return true;
  }
  // This board, which we trust, proved itself there.
  void proved(const DeviceId& board, Ipv4Address address, Time now) {
    const auto [home, fresh] = homes_.try_emplace(board, address);
    if (!fresh && home->second == address) return;
    if (!fresh) --shares_.at(home->second).boards;
    home->second = address;
    Share& share = shares_.try_emplace(address, limits_.of_address).first->second;
    ++share.boards;
    share.barred = {};
    share.used = now;
  }
  void failed(Ipv4Address address, Time now) {
    const auto share = shares_.find(address);
    if (share != shares_.end() && share->second.boards == 0) share->second.barred = now + limits_.penalty;
  }
  // Addresses remembered: the homes, and those that had a check in the last seconds.
  [[nodiscard]] std::size_t addresses() const { return shares_.size(); }

 private:
  static constexpr Duration kSweep = 1s;
  struct Share {
    explicit Share(double of_address) : tokens(of_address, of_address) {}
    TokenBucket tokens;
    Time used{}, barred{};
    int boards = 0;  // whose home it is
  };
  void forget(Time now) {
    if (now - swept_ < kSweep) return;
    swept_ = now;
    std::erase_if(shares_, [&](const auto& entry) {
      const Share& share = entry.second;
      return share.boards == 0 && now >= share.barred && now - share.used > 1s;
    });
  }

  Limits limits_;
  TokenBucket all_;
  std::map<Ipv4Address, Share> shares_;
  std::map<DeviceId, Ipv4Address> homes_;
  Time swept_{};
};

}  // namespace wfdcast::discovery
