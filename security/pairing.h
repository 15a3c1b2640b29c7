#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wfd/ids.h"

namespace wfdcast::security {

// What both hashes of a pairing are over, beside the nonces (docs/protocol.md section 4).
struct PairingContext {
  std::array<std::uint8_t, 32> exporter{};  // TLS exporter "EXPORTER-wfdcast-pair"
  PublicKey source, sink;
};
using Nonce = std::array<std::uint8_t, 32>;
[[nodiscard]] std::array<std::uint8_t, 32> pairing_commitment(const PairingContext& context,
                                                              const Nonce& sink_nonce);
// 0 to 999999.
[[nodiscard]] std::uint32_t pairing_number(const PairingContext& context, const Nonce& source_nonce,
                                           const Nonce& sink_nonce);
[[nodiscard]] std::string number_text(std::uint32_t number);  // six digits

struct NumberReady {
  std::uint32_t number = 0;
};  // for the person at this end to compare
struct PairingDone {};  // both persons have confirmed
struct PairingFailed {
  std::string reason;
};
using PairingEvent = std::variant<NumberReady, PairingDone, PairingFailed>;

// One try of a pairing by numeric comparison, inside a TLS connection of two boards that do not know each
// other. The sink commits to its nonce before it sees the source's, so that neither end, nor anybody between
// them with a connection to each, can steer the number. No I/O: bytes and times in, bytes and events out.
class Pairing {
 public:
  enum class Role : std::uint8_t { Source, Sink };
  enum class State : std::uint8_t {
    AwaitingCommitment,
    AwaitingSourceNonce,
    AwaitingSinkNonce,
    Comparing,
    Done,
    Failed
  };
  static constexpr Duration kMessageTimeout = 10s;
  static constexpr Duration kPersonTimeout = 120s;
  static constexpr std::size_t kMaxMessage = 33;
  struct Step {
    std::vector<std::uint8_t> to_peer;
    std::vector<PairingEvent> events;
  };
  // `nonce`: fresh random bytes.
  Pairing(Role role, const PairingContext& context, const Nonce& nonce, Time now);

  [[nodiscard]] Step start();
  [[nodiscard]] Step receive(ByteView bytes, Time now);
  // The person says: these are the same, or not.
  [[nodiscard]] Step confirm();
  [[nodiscard]] Step refuse();
  [[nodiscard]] Step tick(Time now);
  [[nodiscard]] Step connection_lost();

  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::optional<std::uint32_t> number() const { return number_; }

 private:
  enum class Kind : std::uint8_t {
    Commitment = 1,
    SourceNonce = 2,
    SinkNonce = 3,
    Confirmed = 4,
    Refused = 5
  };
  [[nodiscard]] static std::optional<std::size_t> body_size(std::uint8_t kind);
  void take(Kind kind, ByteView body, Time now, Step& out);
  void compare(Time now, Step& out);
  void fail(std::string reason, Step& out);
  static void send(Kind kind, ByteView body, Step& out);

  Role role_;
  PairingContext context_;
  Nonce own_, peer_{};
  std::array<std::uint8_t, 32> commitment_{};
  State state_;
  Time deadline_;
  std::vector<std::uint8_t> pending_;  // of the next message
  std::optional<std::uint32_t> number_;
  enum class Confirmed : std::uint8_t { Nobody, We, Peer } confirmed_ = Confirmed::Nobody;
};

// How long, and how often, pairing may be tried.
class PairingWindow {
 public:
  static constexpr int kTries = 3;
  void open(Time until) {
    until_ = until;
    tries_ = kTries;
  }
  void close() { until_.reset(); }
  // A try failed or was refused; the third closes the window.
  void failed() {
    if (until_ && --tries_ == 0) close();
  }
  [[nodiscard]] bool is_open(Time now) const { return until_ && now < *until_; }
  [[nodiscard]] std::optional<Time> deadline() const { return until_; }

 private:
  std::optional<Time> until_;
  int tries_ = 0;
};

}  // namespace wfdcast::security
