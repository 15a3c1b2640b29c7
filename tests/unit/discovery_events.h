#pragma once

#include <string>
#include <vector>

#include "base/overloaded.h"
#include "discovery/peer_registry.h"

namespace wfdcast::discovery {

// "appeared 00000001, lost 00000002": each event with the start of its id.
inline std::string names(const std::vector<PeerEvent>& events) {
  std::string text;
  for (const PeerEvent& event : events) {
    const auto [verb, id] =
        std::visit(overloaded{[](const PeerAppeared& e) { return std::pair{"appeared ", e.peer.id}; },
                              [](const PeerChanged& e) { return std::pair{"changed ", e.peer.id}; },
                              [](const PeerRefreshed& e) { return std::pair{"refreshed ", e.id}; },
                              [](const PeerLost& e) { return std::pair{"lost ", e.id}; }},
                   event);
    if (!text.empty()) text += ", ";
    text += verb + to_string(id).substr(0, 8);
  }
  return text;
}

}  // namespace wfdcast::discovery
