#include "security/pairing.h"

#include <algorithm>

#include "security/identity.h"

namespace wfdcast::security {
namespace {

constexpr std::uint64_t kNumbers = 1'000'000;
constexpr std::string_view kCommitLabel = "wfdcast commit 1";
constexpr std::string_view kNumberLabel = "wfdcast number 1";

}  // namespace

std::array<std::uint8_t, 32> pairing_commitment(const PairingContext& context, const Nonce& sink_nonce) {
  return sha256(
      {as_bytes(kCommitLabel), context.exporter, spki_of(context.source), spki_of(context.sink), sink_nonce});
}

std::uint32_t pairing_number(const PairingContext& context, const Nonce& source_nonce,
                             const Nonce& sink_nonce) {
  const auto digest = sha256({as_bytes(kNumberLabel), context.exporter, spki_of(context.source),
                              spki_of(context.sink), source_nonce, sink_nonce});
  return static_cast<std::uint32_t>(ByteReader(digest).u64() % kNumbers);
}

std::string number_text(std::uint32_t number) {
  const std::string digits = std::to_string(number);
  return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

Pairing::Pairing(Role role, const PairingContext& context, const Nonce& nonce, Time now)
    : role_(role),
      context_(context),
      own_(nonce),
      state_(role == Role::Source ? State::AwaitingCommitment : State::AwaitingSourceNonce),
      deadline_(now + kMessageTimeout) {}

Pairing::Step Pairing::start() {
  Step out;
  if (role_ == Role::Sink) send(Kind::Commitment, pairing_commitment(context_, own_), out);
  return out;
}

std::optional<std::size_t> Pairing::body_size(std::uint8_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::Commitment:
    case Kind::SourceNonce:
    case Kind::SinkNonce:
      return 32;
    case Kind::Confirmed:
    case Kind::Refused:
      return 0;
  }
  return std::nullopt;
}

Pairing::Step Pairing::receive(ByteView bytes, Time now) {
  Step out;
  for (const std::uint8_t byte : bytes) {
    if (state_ == State::Done || state_ == State::Failed) break;
    pending_.push_back(byte);
    const auto size = body_size(pending_.front());
    if (!size) {
      fail("the peer sent what is no pairing message", out);
    } else if (pending_.size() == 1 + *size) {
      const std::vector<std::uint8_t> message = std::move(pending_);
      pending_.clear();
      take(static_cast<Kind>(message.front()), ByteView(message).subspan(1), now, out);
    }
  }
  return out;
}

void Pairing::take(Kind kind, ByteView body, Time now, Step& out) {
  if (kind == Kind::Refused) return fail("refused at the other end", out);
  if (state_ == State::AwaitingCommitment && kind == Kind::Commitment) {
    std::ranges::copy(body, commitment_.begin());
    send(Kind::SourceNonce, own_, out);
    state_ = State::AwaitingSinkNonce;
    deadline_ = now + kMessageTimeout;
  } else if (state_ == State::AwaitingSourceNonce && kind == Kind::SourceNonce) {
    std::ranges::copy(body, peer_.begin());
    send(Kind::SinkNonce, own_, out);
    compare(now, out);
  } else if (state_ == State::AwaitingSinkNonce && kind == Kind::SinkNonce) {
    std::ranges::copy(body, peer_.begin());
    if (pairing_commitment(context_, peer_) != commitment_)
      return fail("the peer did not keep to what it had promised", out);
    compare(now, out);
  } else if (state_ == State::Comparing && kind == Kind::Confirmed) {
    if (confirmed_ == Confirmed::We) {
      state_ = State::Done;
      out.events.emplace_back(PairingDone{});
    } else {
      confirmed_ = Confirmed::Peer;
    }
  } else {
    fail("the peer sent a pairing message out of order", out);
  }
}

void Pairing::compare(Time now, Step& out) {
  const bool source = role_ == Role::Source;
  number_ = pairing_number(context_, source ? own_ : peer_, source ? peer_ : own_);
  state_ = State::Comparing;
  deadline_ = now + kPersonTimeout;
  out.events.emplace_back(NumberReady{*number_});
}

Pairing::Step Pairing::confirm() {
  Step out;
  if (state_ != State::Comparing || confirmed_ == Confirmed::We) return out;
  send(Kind::Confirmed, {}, out);
  if (confirmed_ == Confirmed::Peer) {
    state_ = State::Done;
    out.events.emplace_back(PairingDone{});
  }
  confirmed_ = Confirmed::We;
  return out;
}

Pairing::Step Pairing::refuse() {
  Step out;
  if (state_ == State::Done || state_ == State::Failed) return out;
  fail("refused here", out);
  return out;
}

Pairing::Step Pairing::tick(Time now) {
  Step out;
  const bool over = state_ == State::Done || state_ == State::Failed;
  if (!over && now >= deadline_)
    fail(state_ == State::Comparing ? "nobody confirmed in time" : "the peer did not answer in time", out);
  return out;
}

Pairing::Step Pairing::connection_lost() {
  Step out;
  if (state_ != State::Done && state_ != State::Failed) fail("the connection was lost", out);
  return out;
}

std::optional<Time> Pairing::next_deadline() const {
  if (state_ == State::Done || state_ == State::Failed) return std::nullopt;
  return deadline_;
}

void Pairing::fail(std::string reason, Step& out) {
  send(Kind::Refused, {}, out);
  state_ = State::Failed;
  out.events.emplace_back(PairingFailed{std::move(reason)});
}

void Pairing::send(Kind kind, ByteView body, Step& out) {
  out.to_peer.push_back(static_cast<std::uint8_t>(kind));
  out.to_peer.insert(out.to_peer.end(), body.begin(), body.end());
}

}  // namespace wfdcast::security
