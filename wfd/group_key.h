#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "wfd/ids.h"

namespace wfdcast {

// SRTP master key and salt for AEAD_AES_128_GCM (RFC 7714 section 12). A secret: never stored, never logged.
struct SrtpKey {
  static constexpr std::size_t kKey = 16, kSalt = 12;
  std::array<std::uint8_t, kKey> key{};
  std::array<std::uint8_t, kSalt> salt{};
  bool operator==(const SrtpKey&) const = default;
};

// What a sink must know to read the stream (wfdcast_group_key, docs/protocol.md section 2.3): the key, the
// number that packets under it carry (MKI), and the packet index of the media SSRC when this was written.
struct GroupKey {
  std::uint32_t mki = 0;
  SrtpKey key;
  Ssrc media;
  std::uint32_t roc = 0;       // roll-over counter (RFC 3711 section 3.3.1)
  std::uint16_t sequence = 0;  // the next packet's
  std::uint16_t from = 0;      // no packet before this one is under the key
  // The other streams under it (repair), and where they are.
  struct Other {
    Ssrc ssrc;
    std::uint32_t roc = 0;
    std::uint16_t sequence = 0;
    bool operator==(const Other&) const = default;
  };
  static constexpr std::size_t kMaxOthers = 8;
  std::vector<Other> others{};
  bool operator==(const GroupKey&) const = default;
};

}  // namespace wfdcast
