#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace wfdcast::media {

struct MakeIdr {};
struct SetBitrate {
  std::uint64_t bitrate = 0;
};
struct Pause {};
struct Resume {};
using Order = std::variant<MakeIdr, SetBitrate, Pause, Resume>;

// "idr", "bitrate 4000000", "pause", "resume".
[[nodiscard]] std::optional<Order> parse_order(std::string_view line);

// Reads orders from stdin on the GLib main loop. The end of a pipe or socket
// means that who started us is gone; at the end of /dev/null or a file there
// just are no more orders.
class OrderReader {
 public:
  struct Callbacks {
    std::function<void(const Order&)> on_order;
    std::function<void()> on_parent_gone;
  };
  explicit OrderReader(Callbacks callbacks);
  OrderReader(const OrderReader&) = delete;
  OrderReader& operator=(const OrderReader&) = delete;

 private:
  static constexpr std::size_t kMaxLine = 256;
  [[nodiscard]] bool read();
  void take_lines();

  Callbacks callbacks_;
  std::string unread_;
};

}  // namespace wfdcast::media
