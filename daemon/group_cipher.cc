#include "daemon/group_cipher.h"

#include <algorithm>
#include <cassert>

namespace wfdcast::daemon {

namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-wfdcast-srtcp";

}  // namespace

SessionKeys session_keys(const platform::TlsConnection& connection) {
  const auto bytes = connection.exported(kExporterLabel, SrtpKey::kKey + SrtpKey::kSalt + 4);
  ByteReader in(bytes);
  SessionKeys keys;
  std::ranges::copy(in.bytes(SrtpKey::kKey), keys.rtcp.key.begin());
  std::ranges::copy(in.bytes(SrtpKey::kSalt), keys.rtcp.salt.begin());
  keys.ssrc = {in.u32() & ~1U};
  if (keys.ssrc.value == 0) keys.ssrc = {2};
  return keys;
}

GroupCipher::GroupCipher(const Streams& streams, NewKey new_key)
    : streams_(streams), new_key_(std::move(new_key)), current_(generation(1)), memory_(kBatch + 1) {
  current_.from = streams.first;
  current_.sender->begin(streams.media, {0, streams.first});
}

GroupCipher::Generation GroupCipher::generation(std::uint32_t mki) const {
  Generation fresh{.mki = mki, .key = new_key_(), .from = 0, .sender = nullptr};
  fresh.sender = std::make_unique<security::SrtpSender>(fresh.key, mki);
  return fresh;
}

GroupKey GroupCipher::describe(const Generation& generation) const {
  const security::PacketIndex next = current_.sender->next_index(streams_.media);
  GroupKey key{.mki = generation.mki,
               .key = generation.key,
               .media = streams_.media,
               .roc = next.roc,
               .sequence = next.sequence,
               .from = generation.from};
  for (const Ssrc ssrc : {streams_.parity, streams_.column, streams_.row}) {
    const security::PacketIndex at = current_.sender->next_index(ssrc);
    key.others.push_back({ssrc, at.roc, at.sequence});
  }
  return key;
}

std::span<const ByteView> GroupCipher::protect(std::span<const ByteView> packets) {
  assert(packets.size() <= kBatch);
  for (std::size_t i = 0; i < packets.size(); ++i)
    views_[i] = current_.sender->protect_rtp(packets[i], memory_[i]);
  return std::span(views_).first(packets.size());
}

ByteView GroupCipher::named(ByteView fec, bool row) {
  constexpr std::size_t kSsrcAt = 8;
  if (fec.size() > named_.size() || fec.size() < kSsrcAt + 4) return {};
  std::ranges::copy(fec, named_.begin());
  ByteWriter(ByteSpan(named_).subspan(kSsrcAt)).u32((row ? streams_.row : streams_.column).value);
  return ByteView(named_).first(fec.size());
}

ByteView GroupCipher::protect_report(ByteView compound) {
  return current_.sender->protect_rtcp(compound, memory_[kBatch]);
}

GroupKey GroupCipher::change(std::set<SessionId> sinks) {
  finish_change();
  next_ = generation(current_.mki + 1);
  next_->from = current_.sender->next_index(streams_.media).sequence;
  awaited_ = std::move(sinks);
  const GroupKey key = describe(*next_);
  if (awaited_.empty()) finish_change();
  return key;
}

void GroupCipher::accepted(SessionId sink, std::uint32_t mki) {
  if (next_ && next_->mki == mki) left(sink);
}

void GroupCipher::left(SessionId sink) {
  if (awaited_.erase(sink) != 0 && awaited_.empty()) finish_change();
}

void GroupCipher::finish_change() {
  if (!next_) return;
  for (const Ssrc ssrc : {streams_.media, streams_.parity, streams_.column, streams_.row})
    next_->sender->begin(ssrc, current_.sender->next_index(ssrc));
  current_ = std::move(*next_);
  next_.reset();
  awaited_.clear();
}

}  // namespace wfdcast::daemon
