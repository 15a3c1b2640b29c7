#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/control_event.h"

namespace wfdcast::discovery {

// What wpa_supplicant answers to a command.
enum class ReplyKind {
  Ok,
  Failed,          // FAIL, FAIL-CHANNEL-UNAVAILABLE, ...
  UnknownCommand,  // this version, or this build, has it not
  Text,            // a value
};
[[nodiscard]] ReplyKind kind_of(std::string_view reply);
// "FAIL-CHANNEL-UNAVAILABLE" in words; for a bare FAIL that wpa_supplicant gave no reason.
[[nodiscard]] std::string failure_text(std::string_view reply);

// P2P_PEER: the address, then key=value lines.
struct PeerDetails {
  P2pDeviceSeen seen;
  std::string model, serial;      // of WPS, as the peer says
  std::optional<int> persistent;  // id of a network that we share with it
};
[[nodiscard]] std::optional<PeerDetails> parse_peer(std::string_view reply);

// The line `key=...` of STATUS and its like; lines, so that blanks belong to the value.
[[nodiscard]] std::optional<std::string_view> find_line(std::string_view reply, std::string_view key);
// The eight digits that P2P_CONNECT ... pin answers.
[[nodiscard]] std::optional<std::string> parse_pin(std::string_view reply);

}  // namespace wfdcast::discovery
