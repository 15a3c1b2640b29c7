#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "rtsp/message.h"

namespace wfdcast::rtsp {

// What one of our requests is, so that its answer can be told apart.
enum class Asked : std::uint8_t {
  M1,
  M2,
  M3,
  M4,
  SetupTrigger,  // M5
  PlayTrigger,
  PauseTrigger,
  TeardownTrigger,
  M6,
  M7,
  M8,
  M9,
  M13,
  M16,
  M12,
  FormatChange,  // M4 in session
  Move,          // wfdcast_transport
  Delivery,      // wfdcast_delivery
  Key,           // wfdcast_group_key
  M14,           // wfd_uibc_capability
  M15,           // wfd_uibc_setting
};
[[nodiscard]] const char* to_string(Asked asked);
// How long an answer to it is waited for.
[[nodiscard]] Duration patience(Asked asked);

// Both directions of one RTSP connection, for either role: cuts the peer's
// bytes into messages, numbers our requests (our own CSeq space, from 1 by 1),
// and knows which of them await an answer.
class Exchange {
 public:
  // More messages in one receive() than a peer has reason to send.
  static constexpr std::size_t kMaxMessagesAtOnce = 256;

  // Hands each message to `handle`, which returns false to stop. Returns why
  // the connection is of no more use, where it is not.
  template <class Handle>
  [[nodiscard]] std::optional<std::string> receive(std::string_view bytes, Handle handle) {
    for (std::size_t count = 0;;) {
      const auto message = reader_.next();
      if (!message) return to_string(message.error());
      if (*message) {
        if (++count > kMaxMessagesAtOnce) return "too many messages at once";
        if (!handle(**message)) return std::nullopt;
      } else if (bytes.empty()) {
        return std::nullopt;
      } else {
        bytes.remove_prefix(reader_.push(bytes));
      }
    }
  }

  // Numbers and serialises. A second request of a kind takes the first one's place.
  [[nodiscard]] std::string request(Asked what, Request request, Time now);
  // What the answer is to; nullopt for one that is not awaited any more.
  [[nodiscard]] std::optional<Asked> answered(const Response& response);
  [[nodiscard]] bool was_sent(std::uint32_t cseq) const { return cseq >= 1 && cseq <= last_cseq_; }
  [[nodiscard]] bool awaits(Asked what, Time now) const;
  void forget(Asked what);
  void forget_all() { awaited_.clear(); }

  // When the lack of an answer ends the session. Requests that a peer may leave
  // unanswered (M16, PLAY and PAUSE triggers, M13 and the like) have none.
  [[nodiscard]] std::optional<Time> deadline() const;
  [[nodiscard]] std::optional<Asked> overdue(Time now) const;

 private:
  struct Awaited {
    Asked what;
    std::uint32_t cseq;
    Time sent;
  };
  MessageReader reader_;
  std::vector<Awaited> awaited_;  // one of each kind at most
  std::uint32_t last_cseq_ = 0;
};

inline constexpr std::string_view kWfdOption = "org.wfa.wfd1.0";
inline constexpr std::string_view kControlUri = "rtsp://localhost/wfd1.0";

// The refusal of what no state allows: another version (505), a Require that we
// do not know (551), an unknown method (501).
[[nodiscard]] std::optional<Response> refuse_at_sight(const Request& request);
// 405 and what is allowed.
[[nodiscard]] Response method_not_allowed(std::string_view allowed);
// The id in a Session header, without ";timeout=30".
[[nodiscard]] std::string_view session_id(std::string_view value);

}  // namespace wfdcast::rtsp
