#pragma once

#include <functional>
#include <set>
#include <span>
#include <vector>

#include "platform/tls_connection.h"
#include "security/srtp.h"

namespace wfdcast::daemon {

// The SRTCP key and the SSRC of one sink: both ends take them from the TLS session, so they never travel.
struct SessionKeys {
  SrtpKey rtcp;
  Ssrc ssrc;  // even, never 0
};
[[nodiscard]] SessionKeys session_keys(const platform::TlsConnection& connection);

// The group's key at a source: protects each packet once, and changes the key when every sink that has a
// session has said that it has the next one, or has left.
class GroupCipher {
 public:
  using NewKey = std::function<SrtpKey()>;
  // What is sent under the key: all different. Repair has sequence numbers of its own.
  struct Streams {
    Ssrc media;
    std::uint16_t first = 0;  // sequence number of its first packet
    Ssrc parity, column, row;
  };
  // Throws std::runtime_error without AES-GCM.
  GroupCipher(const Streams& streams, NewKey new_key);

  // As many packets as came in, at most kBatch; good until the next call.
  static constexpr std::size_t kBatch = 64;
  // A packet that was sent before gives the same bytes again (a retransmission).
  [[nodiscard]] std::span<const ByteView> protect(std::span<const ByteView> packets);
  // FEC has SSRC 0 in ST 2022-1; under a key it needs its own. Good until the next call.
  [[nodiscard]] ByteView named(ByteView fec, bool row);
  [[nodiscard]] ByteView protect_report(ByteView compound);  // good until the next call

  // What a sink must know now.
  [[nodiscard]] GroupKey key() const { return describe(current_); }
  // Begins a change: the key to tell to these sinks. One that is under way is finished first.
  [[nodiscard]] GroupKey change(std::set<SessionId> sinks);
  void accepted(SessionId sink, std::uint32_t mki);
  void left(SessionId sink);
  // A newcomer was not asked about the next key: it must not wait for it.
  void finish_change();
  [[nodiscard]] std::uint32_t mki() const { return current_.mki; }

 private:
  struct Generation {
    std::uint32_t mki = 0;
    SrtpKey key;
    std::uint16_t from = 0;
    std::unique_ptr<security::SrtpSender> sender;
  };
  [[nodiscard]] Generation generation(std::uint32_t mki) const;
  [[nodiscard]] GroupKey describe(const Generation& generation) const;

  Streams streams_;
  NewKey new_key_;
  Generation current_;
  std::optional<Generation> next_;
  std::set<SessionId> awaited_;
  std::vector<std::array<std::uint8_t, 1536>> memory_;
  std::array<std::uint8_t, 1536> named_;
  std::array<ByteView, kBatch> views_;
};

}  // namespace wfdcast::daemon
