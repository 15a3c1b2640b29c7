#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "rtsp/message.h"
#include "wfd/ids.h"
#include "wfd/sink_capabilities.h"
#include "wfd/stream_format.h"
#include "wfd/transport.h"

namespace wfdcast::rtsp {

// The outcome of one call on a session: what to write to the peer, and what
// its owner must know, both in order.
template <class Event>
struct [[nodiscard]] Step {
  std::string to_peer;
  std::vector<Event> events;
  // Mostly it is the only message.
  void send(std::string message) {
    if (to_peer.empty()) {
      to_peer = std::move(message);
    } else {
      to_peer += message;
    }
  }
};

enum class EndReason {
  Requested,       // end() was called and the peer played along
  PeerTeardown,    // the peer sent M8 or its trigger
  ConnectionLost,  // TCP closed or reset
  NoAnswer,        // a request, or the next expected message, never came
  Refused,         // the peer answered an error, or we refused it (text says why)
  NotInvited,      // the sink did not bring the token that it needs
  BadMessage,      // not RTSP, or over a limit
};
[[nodiscard]] const char* to_string(EndReason reason);

// The session is over; close the connection once `to_peer` has been written.
struct SessionEnded {
  EndReason reason = EndReason::Requested;
  std::string detail;  // for a person, may be empty: "no answer to M3 within 5 s"
};

// What a peer calls itself: User-Agent, else Server; printable, may be empty.
[[nodiscard]] std::string agent_of(const Headers& headers);

// The header in a wfdcast sink's answer to M1: "Wfdcast: id=<32 hex>;token=<32 hex>".
// It makes the sink one of ours; the token proves that it was invited.
struct WfdcastHeader {
  DeviceId id;
  std::optional<InvitationToken> token;
  bool operator==(const WfdcastHeader&) const = default;
};
inline constexpr std::string_view kWfdcastHeader = "Wfdcast";
[[nodiscard]] std::string serialize(const WfdcastHeader& header);
[[nodiscard]] std::optional<WfdcastHeader> parse_wfdcast_header(std::string_view value);

}  // namespace wfdcast::rtsp
