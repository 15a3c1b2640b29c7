#include "security/srtp.h"

#include <srtp2/srtp.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <stdexcept>
#include <string>

namespace wfdcast::security {
namespace {

constexpr std::size_t kRtpHeader = 12, kRtcpHeader = 8, kMki = 4;

void need(srtp_err_status_t status, const char* what) {
  if (status != srtp_err_status_ok)
    throw std::runtime_error(std::string("SRTP: ") + what + " failed (" + std::to_string(status) + ")");
}

void initialise() {
  static const srtp_err_status_t status = srtp_init();
  need(status, "initialisation");
}

srtp_t open_session() {
  initialise();
  srtp_t session = nullptr;
  need(srtp_create(&session, nullptr), "a session");
  return session;
}

// A stream for each SSRC: srtp_set_stream_roc() does not work on a template for all.
void add_stream(srtp_t session, const SrtpKey& key, std::uint32_t ssrc) {
  std::array<unsigned char, SrtpKey::kKey + SrtpKey::kSalt> master{};
  std::ranges::copy(key.key, master.begin());
  std::ranges::copy(key.salt, master.begin() + SrtpKey::kKey);
  srtp_policy_t policy{};
  srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
  srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
  policy.ssrc = {ssrc_specific, ssrc};
  policy.key = master.data();
  policy.window_size = SrtpReceiver::kWindow;
  policy.allow_repeat_tx = 1;  // a retransmission is the same bytes
  need(srtp_add_stream(session, &policy), "AES-GCM, which libsrtp2 must be built with,");
}

std::uint64_t packed(PacketIndex index) { return std::uint64_t{index.roc} << 16 | index.sequence; }

// The index with this sequence number that is nearest (RFC 3711 section 3.3.1).
std::uint64_t nearest(std::uint64_t around, std::uint16_t sequence) {
  const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(around));
  if (ahead < 0 && around < static_cast<std::uint64_t>(-ahead)) return sequence;
  return around + static_cast<std::uint64_t>(static_cast<std::int64_t>(ahead));
}

std::uint32_t ssrc_at(ByteView packet, std::size_t offset) {
  return ByteReader(packet.subspan(offset)).u32();
}
// srtp_remove_stream() alone wants its SSRC so.
unsigned network_order(std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  ByteWriter(bytes).u32(value);
  return std::bit_cast<unsigned>(bytes);
}

std::uint16_t sequence_of(ByteView packet) { return ByteReader(packet.subspan(2)).u16(); }

bool is_repeat(srtp_err_status_t status) {
  return status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old;
}

}  // namespace

void require_srtp() { SrtpSender({}, std::nullopt).begin({1}, {}); }

SrtpSender::SrtpSender(const SrtpKey& key, std::optional<std::uint32_t> mki)
    : key_(key), mki_(mki), session_(open_session()) {}

SrtpSender::~SrtpSender() { srtp_dealloc(session_); }

void SrtpSender::begin(Ssrc ssrc, PacketIndex index) {
  assert(!streams_.contains(ssrc.value));
  add_stream(session_, key_, ssrc.value);
  streams_[ssrc.value].next = packed(index);
  if (index.roc != 0) need(srtp_set_stream_roc(session_, ssrc.value, index.roc), "the roll-over counter");
}

ByteView SrtpSender::protect_rtp(ByteView packet, ByteSpan out) {
  if (packet.size() < kRtpHeader || packet.size() + kMaxGrowth > out.size()) return {};
  const std::uint32_t ssrc = ssrc_at(packet, 8);
  if (!streams_.contains(ssrc)) begin({ssrc}, {0, sequence_of(packet)});
  Stream& stream = streams_[ssrc];
  const std::uint64_t index = nearest(stream.next, sequence_of(packet));
  // The first packet may be the first after a wrap that the key's announcement was still before, or a
  // retransmission from before it. Never later: what srtp_set_stream_roc() sets stays in force for packets
  // near by, so that those after the next wrap would be taken for old ones and get numbers that were used.
  if (!stream.used && index >> 16 != stream.next >> 16)
    (void)srtp_set_stream_roc(session_, ssrc, static_cast<std::uint32_t>(index >> 16));
  std::ranges::copy(packet, out.begin());
  int size = static_cast<int>(packet.size());
  if (srtp_protect(session_, out.data(), &size) != srtp_err_status_ok) return {};
  stream.next = std::max(stream.next, index + 1);
  stream.used = true;
#ifndef NDEBUG
  record(ssrc, index, packet);
#endif
  return finish(out, static_cast<std::size_t>(size));
}

#ifndef NDEBUG
void SrtpSender::record(std::uint32_t ssrc, std::uint64_t index, ByteView packet) {
  constexpr std::uint64_t kKept = 4 * SrtpReceiver::kWindow;
  const auto entry = ledger_.try_emplace({ssrc, index}, std::hash<std::string_view>{}(as_text(packet)));
  assert(entry.first->second == std::hash<std::string_view>{}(as_text(packet)));
  ledger_.erase(ledger_.lower_bound({ssrc, 0}), ledger_.lower_bound({ssrc, index - std::min(index, kKept)}));
  std::uint32_t roc = 0;
  (void)srtp_get_stream_roc(session_, ssrc, &roc);
  assert(index + 1 != streams_[ssrc].next || roc == index >> 16);  // libsrtp counts as we do
}
#endif

ByteView SrtpSender::protect_rtcp(ByteView packet, ByteSpan out) {
  if (packet.size() < kRtcpHeader || packet.size() + kMaxGrowth > out.size()) return {};
  const std::uint32_t ssrc = ssrc_at(packet, 4);
  if (!streams_.contains(ssrc)) begin({ssrc}, {});
  std::ranges::copy(packet, out.begin());
  int size = static_cast<int>(packet.size());
  if (srtp_protect_rtcp(session_, out.data(), &size) != srtp_err_status_ok) return {};
  return finish(out, static_cast<std::size_t>(size));
}

ByteView SrtpSender::finish(ByteSpan out, std::size_t size) {
  if (!mki_) return out.first(size);
  ByteWriter(out.subspan(size)).u32(*mki_);
  return out.first(size + kMki);
}

PacketIndex SrtpSender::next_index(Ssrc ssrc) const {
  const auto stream = streams_.find(ssrc.value);
  if (stream == streams_.end()) return {};
  return {static_cast<std::uint32_t>(stream->second.next >> 16),
          static_cast<std::uint16_t>(stream->second.next)};
}

SrtpReceiver::SrtpReceiver(const SrtpKey& key) : key_(key), session_(open_session()) {}

SrtpReceiver::~SrtpReceiver() { srtp_dealloc(session_); }

void SrtpReceiver::expect(Ssrc ssrc, PacketIndex index) {
  if (streams_.size() == kMaxStreams && !streams_.contains(ssrc.value)) return;
  const auto [at, fresh] = streams_.try_emplace(ssrc.value);
  Stream& stream = at->second;
  // Known, and libsrtp will find its way by itself from where it is.
  constexpr std::uint64_t kFar = 1 << 14;
  if (!fresh && stream.used && packed(index) < stream.index + kFar) return;
  if (!fresh) (void)srtp_remove_stream(session_, network_order(ssrc.value));
  add_stream(session_, key_, ssrc.value);
  stream = {packed(index), false};
}

ByteView SrtpReceiver::unprotect_rtp(ByteView packet, ByteSpan out) {
  repeated_ = false;
  if (packet.size() < kRtpHeader || packet.size() > out.size()) return {};
  const auto stream = streams_.find(ssrc_at(packet, 8));
  if (stream == streams_.end()) return {};
  const std::uint64_t index = nearest(stream->second.index, sequence_of(packet));
  // Each time until one was good: a forged packet may have had another one.
  if (!stream->second.used)
    (void)srtp_set_stream_roc(session_, stream->first, static_cast<std::uint32_t>(index >> 16));
  std::ranges::copy(packet, out.begin());
  int size = static_cast<int>(packet.size());
  const srtp_err_status_t status = srtp_unprotect(session_, out.data(), &size);
  repeated_ = is_repeat(status);
  if (status != srtp_err_status_ok) return {};
  stream->second.index = stream->second.used ? std::max(stream->second.index, index) : index;
  stream->second.used = true;
  return out.first(static_cast<std::size_t>(size));
}

ByteView SrtpReceiver::unprotect_rtcp(ByteView packet, ByteSpan out) {
  repeated_ = false;
  if (packet.size() < kRtcpHeader || packet.size() > out.size()) return {};
  if (!streams_.contains(ssrc_at(packet, 4))) return {};
  std::ranges::copy(packet, out.begin());
  int size = static_cast<int>(packet.size());
  const srtp_err_status_t status = srtp_unprotect_rtcp(session_, out.data(), &size);
  repeated_ = is_repeat(status);
  if (status != srtp_err_status_ok) return {};
  return out.first(static_cast<std::size_t>(size));
}

}  // namespace wfdcast::security
